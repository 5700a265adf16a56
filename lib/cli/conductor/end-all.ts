import { stackOf } from '../exit-status.ts';

/**
 * Does every part of an end, one after the other, whatever becomes of the ones before.
 * @param log gets each error with its stack
 * @throws the first error, once all parts were tried
 */
export async function endAll(log: (line: string) => void, parts: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const part of parts) {
    try {
      await part();
    } catch (error) {
      logError(log, error);
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

export function logError(log: (line: string) => void, error: unknown): void {
  log(stackOf(error));
}
