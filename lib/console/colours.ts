import type { WriteStream } from 'node:tty';
import picocolors from 'picocolors';

export type Colours = ReturnType<typeof picocolors.createColors>;

/** Colours for a stream: none unless it is a terminal that can show them, and NO_COLOR is not set. */
export function coloursFor(
  stream: Pick<WriteStream, 'isTTY'> | Pick<NodeJS.WriteStream, 'isTTY'>,
  environment: NodeJS.ProcessEnv = process.env,
): Colours {
  const isWanted = stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  return picocolors.createColors(isWanted);
}

/** The sequences that picocolors writes for this program's colours. No others pass, such as one that hides text. */
const OWN = new RegExp(`(${String.fromCharCode(27)}\\[(?:1|2|22|3[1-6]|39)m)`);

/** A text with `change` applied to what is between the program's own colours. */
export function inOwnColours(text: string, change: (part: string) => string): string {
  return text
    .split(OWN)
    .map((part, i) => (i % 2 === 1 ? part : change(part)))
    .join('');
}

/** A text without the program's own colours. */
export function withoutColours(text: string): string {
  return text
    .split(OWN)
    .filter((_, i) => i % 2 === 0)
    .join('');
}
