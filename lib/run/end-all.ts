import { stackOf } from '../console/exit-status.ts';

/**
 * Does every part of an end, one after the other, whatever becomes of the ones before.
 * @param log gets each error with its stack
 * @throws the first error, once all dependencies were tried
 */
export async function endAll(log: (line: string) => void, dependencies: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const part of dependencies) {
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
