/** The single values of a word: Helm takes several (`a=1,b=2`); a comma that no `key=` follows belongs to the value. */
export function setPairs(set: string): string[] {
  return set.split(/,(?=[^,={}]+=)/);
}

/** The installer's values by key, the last one winning. */
export function setValues(sets: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of sets.flatMap(setPairs)) {
    const at = pair.indexOf('=');
    if (at > 0) values.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return values;
}

/** The values as arguments of an installer: two words each. */
export function setArguments(sets: readonly string[]): string[] {
  return sets.flatMap((set) => ['--set', set]);
}
