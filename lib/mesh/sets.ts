/**
 * The installer's values by key, the last one winning. Several in one word (`a=1,b=2`) count as Helm takes them;
 * a comma that no `key=` follows belongs to the value.
 */
export function setValues(sets: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of sets.flatMap((set) => set.split(/,(?=[^,={}]+=)/))) {
    const at = pair.indexOf('=');
    if (at > 0) values.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return values;
}

/** The values as arguments of an installer: two words each. */
export function setArguments(sets: readonly string[]): string[] {
  return sets.flatMap((set) => ['--set', set]);
}
