/** Seconds for people: `2.2 s`. @param ms milliseconds */
export function seconds(ms: number, digits = 1): string {
  return `${(ms / 1000).toFixed(digits)} s`;
}

/** `1 probe`, `3 probes`. */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

/** What a pod printed must not steer a terminal or break a file format: control characters become visible. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029\uFFFE\uFFFF]/gu, (character) => {
    if (character === '\n') return character;
    return escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const escapes: Record<string, string> = { '\t': '\\t', '\r': '\\r', '\x1b': '\\e', '\0': '\\0' };

/** At most `width` characters, an ellipsis where some were cut off. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** On one line, in quotes, shortened: `"HTTP/1.1 200 OK\nserver: …"`. Nothing printed reads `nothing`. */
export function quoted(text: string, width = 160): string {
  if (text === '') return 'nothing';
  return `"${shorten(printable(text.trimEnd()).replaceAll('\n', '\\n'), width)}"`;
}

/** The first line of a text of several. */
export function firstLine(text: string): string {
  return printable(text.trim().split('\n', 1)[0] ?? '');
}

/** Every line moved to the right. */
export function indent(text: string, by: string): string {
  return text.replace(/^(?=.)/gm, by);
}

/** Breaks lines between words so that each has at most `width` characters; a longer word stays whole. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => {
      const lines: string[] = [];
      let present = '';
      // A number and its unit stay together.
      for (const word of line.split(/ (?!s\b)/)) {
        if (present === '') present = word;
        else if (present.length + 1 + word.length <= width) present += ` ${word}`;
        else {
          lines.push(present);
          present = word;
        }
      }
      return [...lines, present].join('\n');
    })
    .join('\n');
}
