import { readdirSync, readFileSync } from 'node:fs';
import { lines } from './tool.ts';
import type { WorkFolder } from './work-folder.ts';

/** What a run could leave on this machine, by kind of thing. */
export type Machine = Record<'cluster' | 'container' | 'network' | 'dangling volume' | 'process' | 'file', string[]>;

/** Caches of tools, which all runs share and none removes. */
const CACHES = /^(tsx-|node-compile-cache)/;

/** Looks at the engine, the processes that carry the work folder's mark, and the folder for temporary files. */
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
 * What is there now and was not before, or the reverse.
 * @param isOurs says of a cluster or container whether a run of the script can have made it: others work here too
 */
export function differences(before: Machine, after: Machine, isOurs: (name: string) => boolean): string[] {
  const kinds = Object.keys(before) as (keyof Machine)[];
  return kinds.flatMap((kind) => {
    const counts = (name: string) => (kind !== 'cluster' && kind !== 'container') || isOurs(name);
    const left = after[kind].filter((name) => !before[kind].includes(name) && counts(name));
    const lost = before[kind].filter((name) => !after[kind].includes(name) && counts(name));
    return [
      ...left.map((name) => `left: ${kind} ${name}`),
      // What others had left before may go meanwhile.
      ...(kind === 'cluster' || kind === 'container' ? lost.map((name) => `lost: ${kind} ${name}`) : []),
    ];
  });
}

/** What runs have put into their folder for temporary files, besides the caches. */
export function temporaryFiles({ temporary }: WorkFolder): string[] {
  return readdirSync(temporary).filter((name) => !CACHES.test(name));
}

/** Everything that was started by the work folder's runs inherited their environment; Linux only. */
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
    // It has ended meanwhile, or is somebody else's.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
