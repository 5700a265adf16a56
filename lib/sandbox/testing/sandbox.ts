/** For tests: a sandbox where the machine allows one. */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingForSandbox } from '../needs.ts';
import { type Sandbox, type SandboxSettings, startSandbox } from '../start.ts';
import { TestCluster } from './cluster.ts';

export interface TestSandbox {
  sandbox: Sandbox;
  cluster: TestCluster;
  /** Ends it and removes its folder. */
  end(): Promise<void>;
}

/** True if sandboxes can run here. Otherwise prints why, once for each test file. */
export async function canRunSandboxes(): Promise<boolean> {
  const missing = await missingForSandbox();
  if (missing.length > 0) {
    const needs = missing.map(({ what, problem }) => `${what}: ${problem}`).join('; ');
    process.stderr.write(`tests of the sandbox are skipped: ${needs}\n`);
  }
  return missing.length === 0;
}

export async function testSandbox(more: SandboxSettings = {}): Promise<TestSandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-test-'));
  const sandbox = await startSandbox({ folder, settings: { crashBackOffMs: 200, ...more } });
  return {
    sandbox,
    cluster: new TestCluster(sandbox.kubeconfig),
    end: async () => {
      await sandbox.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The user namespace of a process, which all its descendants share. */
export function userNamespaceOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/user`);
}

/** The processes of a user namespace, without zombies. */
export function processesIn(userNamespace: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isIn(pid, userNamespace));
}

/** The process with this command line in a user namespace. @throws Error if there is none */
export function processRunning(commandLine: string, userNamespace: string): number {
  const found = processesIn(userNamespace).find((pid) => commandLineOf(pid) === commandLine);
  if (found === undefined) throw new Error(`no process runs ${commandLine}`);
  return found;
}

function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
}

function isIn(pid: number, userNamespace: string): boolean {
  try {
    return (
      userNamespaceOf(pid) === userNamespace && !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // It has ended, is a kernel thread, or belongs to another user.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return false;
    throw error;
  }
}
