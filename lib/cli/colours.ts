import type { WriteStream } from 'node:tty';
import picocolors from 'picocolors';

export type Colours = ReturnType<typeof picocolors.createColors>;

/** Colours for a stream: none unless it is a terminal that can show them, and NO_COLOR is not set. */
export function coloursFor(
  stream: Pick<WriteStream, 'isTTY'> | NodeJS.WriteStream,
  environment: NodeJS.ProcessEnv = process.env,
): Colours {
  const isWanted = stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  return picocolors.createColors(isWanted);
}
