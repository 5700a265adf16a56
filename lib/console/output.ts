import { printable, printableJson, withoutKnownSecrets } from '../words/index.ts';
import { coloursFor, inOwnColours } from './colours.ts';

let trouble: string | undefined;

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;

/**
 * Writes a text for people. Every message of a command outside of a run passes it: hidden characters are spelt out, and
 * secrets that the process was told are left out. Only the program's own colours stay, on a terminal that shows them.
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

/** Writes a value for programs, as indented JSON; its readers get hidden characters unchanged. */
export function printJson(value: unknown, stream: Output = process.stdout): void {
  stream.write(printableJson(withoutKnownSecrets(`${JSON.stringify(value, undefined, 2)}\n`)));
}

/**
 * Listens for errors of standard output and standard error, once for the process. A reader that has had enough (`| head`)
 * and a terminal that was closed are no trouble. What could not be written for any other reason, such as a full disk, is
 * remembered: see `outputTrouble`. Whatever is at work goes on, and cleans up.
 */
export function listenToOutput(): void {
  for (const [name, stream] of [
    ['standard output', process.stdout],
    ['standard error', process.stderr],
  ] as const) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code !== 'EPIPE' && code !== 'EIO') trouble ??= `${name} cannot be written: ${message}`;
    });
  }
}

/** Why something that was to be printed is lost; undefined where nothing is. */
export function outputTrouble(): string | undefined {
  return trouble;
}

/** Waits until what was printed is written, or has failed: streams tell of an error a moment later. */
export async function outputWritten(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writable) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
  await new Promise((resolve) => setImmediate(resolve));
}
