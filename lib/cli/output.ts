let trouble: string | undefined;

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
