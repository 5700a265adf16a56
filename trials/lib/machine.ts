import { readdirSync, readFileSync } from 'node:fs';
import { lines } from './tool.ts';
import type { WorkFolder } from './work-folder.ts';

/** What a run could leave on this machine, by kind of thing. */
export type Machine = Record<'cluster' | 'container' | 'network' | 'dangling volume' | 'process' | 'file', string[]>;

/** Caches of tools: all runs share them, and none removes them. */
const CACHES = /^(tsx-|node-compile-cache)/;

/** Reads the engine, the processes of the work folder, and the folder for temporary files. */
export async function lookAround(workFolder: WorkFolder): Promise<Machine> {
  return {
    cluster: await lines('kind', ['get', 'clusters']),
    container: await lines('docker', ['ps', '-a', '--format', '{{.Names}}']),
    network: await lines('docker', ['network', 'ls', '--format', '{{.Name}}']),
    'dangling volume': await lines('docker', ['volume', 'ls', '-q', '--filter', 'dangling=true']),
    ...traces(workFolder),
  };
}

/** The same without the engine, which runs in the sandbox do not need. */
export function lookAroundWithoutEngine(workFolder: WorkFolder): Machine {
  return { cluster: [], container: [], network: [], 'dangling volume': [], ...traces(workFolder) };
}

function traces(workFolder: WorkFolder): Pick<Machine, 'process' | 'file'> {
  return { process: markedProcesses(workFolder), file: temporaryFiles(workFolder) };
}

/**
 * The differences between before and now. @param isOurs - true if a run of the script can have made a cluster or
 * container: others work here too
 */
export function differences(before: Machine, after: Machine, isOurs: (name: string) => boolean): string[] {
  const kinds = Object.keys(before) as (keyof Machine)[];
  return kinds.flatMap((kind) => {
    const counts = (name: string) => (kind !== 'cluster' && kind !== 'container') || isOurs(name);
    const left = after[kind].filter((name) => !before[kind].includes(name) && counts(name));
    const lost = before[kind].filter((name) => !after[kind].includes(name) && counts(name));
    return [
      ...left.map((name) => `left: ${kind} ${name}`),
      // Others may remove what they had left before.
      ...(kind === 'cluster' || kind === 'container' ? lost.map((name) => `lost: ${kind} ${name}`) : []),
    ];
  });
}

/** The content of the runs' folder for temporary files, except the caches. */
export function temporaryFiles({ temporary }: WorkFolder): string[] {
  return readdirSync(temporary).filter((name) => !CACHES.test(name));
}

/** The processes that the work folder's runs started, found by their inherited environment. Linux only. */
export function markedProcesses({ environment }: WorkFolder): string[] {
  const mark = `XDG_STATE_HOME=${environment['XDG_STATE_HOME']}`;
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    const variables = readProcess(pid, 'environ').split('\0');
    return variables.includes(mark)
      ? [`${pid} ${readProcess(pid, 'cmdline').replaceAll('\0', ' ').slice(0, 100)}`]
      : [];
  });
}

function readProcess(pid: string, what: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch (error) {
    // It has ended, or belongs to another user.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
