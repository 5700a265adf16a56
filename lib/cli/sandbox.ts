import { startSandbox } from '../sandbox/index.ts';
import { listenForInterruption } from './conductor/interrupt.ts';
import { leftBehind } from './conductor/left-behind.ts';
import { newRunId } from './conductor/run-folder.ts';
import { exitStatus } from './exit-status.ts';
import { openLedger, sweepDeadRuns } from './ledger/index.ts';
import { print } from './output.ts';
import { refuseBadFolders } from './surroundings.ts';

/**
 * Keeps a sandbox up in the foreground until it is interrupted, for people who write suites or drivers. Its folder, with the
 * kubeconfig, is the private one of its entry in the ledger: after `kill -9` of this process `clean` removes it.
 * @returns the exit status
 * @throws SandboxError where this machine does not allow one, UsageError for a state or temporary folder that cannot be used
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
  const ledger = openLedger(runId);
  try {
    await sweepDeadRuns(say);
    const sandbox = await startSandbox({ folder: ledger.place });
    ledger.child(sandbox.pid, 'sandbox');
    print(
      `a sandbox cluster is up; it ends with this process (Ctrl-C)\nexport KUBECONFIG=${shellWord(sandbox.kubeconfig)}\n`,
    );
    const end = signal.aborted ? 'interrupted' : await Promise.race([interrupted, sandbox.ended]);
    await sandbox.stop();
    ledger.childEnded(sandbox.pid);
    if (interruption.byPerson) return exitStatus.interrupted;
    if (end !== 'interrupted') say('the sandbox ended by itself');
    return exitStatus.broken;
  } finally {
    interruption.release();
    await ledger.close();
  }
}

/** A word as a POSIX shell reads it back, quoted where it has to be. */
export function shellWord(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
