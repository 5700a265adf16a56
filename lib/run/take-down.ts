import { stackOf } from '../console/exit-status.ts';
import type { RunContext } from './context.ts';

/**
 * Does every part of an end, one after the other, even if one of them fails.
 * @param log gets each error with its stack
 * @throws the first error, after all steps
 */
export async function endAll(log: (line: string) => void, steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const part of steps) {
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

/** Takes the cluster down, even if its phase cannot be recorded. */
export async function takeDown(
  { inPhase }: Pick<RunContext, 'inPhase'>,
  provided: { provider: string; down(): Promise<void> } | undefined,
): Promise<void> {
  if (provided === undefined) return;
  let isCalled = false;
  const down = () => {
    isCalled = true;
    return provided.down();
  };
  try {
    await inPhase('cleanup', provided.provider, down);
  } finally {
    if (!isCalled) await down();
  }
}
