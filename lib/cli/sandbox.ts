import { exitStatus } from '../console/exit-status.ts';
import { print } from '../console/output.ts';
import { newRunId } from '../run/context.ts';
import { refuseBadFolders } from '../run/folders.ts';
import { listenForInterruption } from '../run/interrupt.ts';
import { cleanUpCrashedRuns } from '../run/registry/clean-up.ts';
import { leftBehind } from '../run/registry/leftovers.ts';
import { RunRegistry } from '../run/registry/registry.ts';
import { startSandbox } from '../sandbox/index.ts';

/**
 * Keeps a sandbox up in the foreground until it is interrupted, for people who write suites or drivers. Its kubeconfig is in
 * the private folder of its entry in the registry: `clean` removes it after `kill -9`.
 * @returns the exit status
 * @throws EnvironmentError where this machine does not allow one, UsageError for a state or temporary folder that cannot be used
 */
export async function sandboxCommand(): Promise<number> {
  refuseBadFolders();
  const runId = newRunId();
  const say = (line: string) => print(`meshproof: ${line}\n`, process.stderr);
  const interruption = listenForInterruption(() => leftBehind(runId), undefined, say);
  const { signal } = interruption;
  const interrupted = new Promise<'interrupted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('interrupted'));
  });
  const registry = new RunRegistry(runId);
  try {
    await cleanUpCrashedRuns(say);
    const sandbox = await startSandbox({ folder: registry.place });
    registry.child(sandbox.pid, 'sandbox');
    print(
      `a sandbox cluster is up; it ends with this process (Ctrl-C)\nexport KUBECONFIG=${shellWord(sandbox.kubeconfig)}\n`,
    );
    const end = signal.aborted ? 'interrupted' : await Promise.race([interrupted, sandbox.ended]);
    await sandbox.stop();
    registry.childEnded(sandbox.pid);
    if (interruption.byPerson) return exitStatus.interrupted;
    if (end !== 'interrupted') say('the sandbox ended unexpectedly');
    return exitStatus.inconclusive;
  } finally {
    interruption.release();
    await registry.close();
  }
}

/** A word for a POSIX shell, quoted if necessary. */
export function shellWord(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
