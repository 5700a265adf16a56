import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../sandbox/index.ts';
import { exitStatus } from './exit-status.ts';

/**
 * Keeps a sandbox up in the foreground until it is interrupted, for people who write suites or drivers.
 * @returns the exit status
 * @throws SandboxError where this machine does not allow one
 */
export async function sandboxCommand(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'meshproof-sandbox-'));
  try {
    const interrupted = new Promise<'interrupted'>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('interrupted'));
    });
    const sandbox = await startSandbox({ folder });
    process.stdout.write(
      `a sandbox cluster is up; it ends with this process (Ctrl-C)\nexport KUBECONFIG=${sandbox.kubeconfig}\n`,
    );
    const end = await Promise.race([interrupted, sandbox.ended.then(() => 'by itself' as const)]);
    await sandbox.stop();
    if (end === 'interrupted') return exitStatus.interrupted;
    process.stderr.write('meshproof: the sandbox ended by itself\n');
    return exitStatus.broken;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
