import { printable, printableJson, withoutKnownSecrets } from '../words/index.ts';
import { coloursFor, inOwnColours } from './colours.ts';

let lost: string | undefined;

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;

/**
 * Writes a text for people. Every message of a command outside of a run passes it: hidden characters become visible, and the
 * secrets of this process are left out. Only the program's own colours stay, on a terminal that shows them.
 */
export function print(
  text: string,
  stream: Output = process.stdout,
  environment: NodeJS.ProcessEnv = process.env,
): void {
  const { isColorSupported } = coloursFor(stream, environment);
  const plain = withoutKnownSecrets(text);
  stream.write(isColorSupported ? inOwnColours(plain, printable) : printable(plain));
}

/** Writes a value for programs, as indented JSON, with hidden characters as JSON's own escapes. */
export function printJson(value: unknown, stream: Output = process.stdout): void {
  stream.write(printableJson(withoutKnownSecrets(`${JSON.stringify(value, undefined, 2)}\n`)));
}

/**
 * Listens for errors of standard output and standard error, once for the process. A reader that has ended (`| head`) and a
 * closed terminal do not count. Any other error, such as a full disk, is kept for `lostOutput`; the work goes on.
 */
export function listenToOutput(): void {
  for (const [name, stream] of [
    ['standard output', process.stdout],
    ['standard error', process.stderr],
  ] as const) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code !== 'EPIPE' && code !== 'EIO') lost ??= `${name} cannot be written: ${message}`;
    });
  }
}

/** Why a part of the output is lost; undefined if nothing is. */
export function lostOutput(): string | undefined {
  return lost;
}

/** Waits until the output is written or has failed: streams report an error a moment later. */
export async function outputWritten(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writable) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
  await new Promise((resolve) => setImmediate(resolve));
}
