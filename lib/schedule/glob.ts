/** A test for claim ids by a glob: `*` is any run of characters, slashes included, `?` is any one. */
export function globTest(glob: string): (id: string) => boolean {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  const pattern = new RegExp(`^${source}$`);
  return (id) => pattern.test(id);
}

/** True when the text is a pattern and not one exact id. */
export function isGlob(text: string): boolean {
  return /[*?]/.test(text);
}
