/** Assertions that may go unmissed, by claim and text, each with the reason why it stays. */
export const justified: Readonly<Record<string, Readonly<Record<string, string>>>> = {};
