/** For tests: a sandbox where the machine allows one. */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MissingNeed, missingNeeds } from '../needs.ts';
import type { SandboxSettings } from '../settings.ts';
import { type Sandbox, startSandbox } from '../start.ts';
import { TestCluster } from './cluster.ts';

export interface TestSandbox {
  sandbox: Sandbox;
  cluster: TestCluster;
  /** Ends it and removes its folder. */
  end(): Promise<void>;
}

/** Whether sandboxes can be started here; where not, says why on the console, once per test file. */
export async function canRunSandboxes(): Promise<boolean> {
  const missing: MissingNeed[] = await missingNeeds();
  if (missing.length > 0) {
    const needs = missing.map(({ what, trouble }) => `${what}: ${trouble}`).join('; ');
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

/** The user namespace that a process lives in, by which all its descendants can be found. */
export function userNamespaceOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/user`);
}

/** The processes of a user namespace. One that has ended and was not waited for is none. */
export function processesIn(userNamespace: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isIn(pid, userNamespace));
}

/** The process of a user namespace with this command line. @throws Error where there is none */
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
    // Gone meanwhile, a kernel thread, or somebody else's.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return false;
    throw error;
  }
}
