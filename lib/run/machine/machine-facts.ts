import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import type { ProviderName } from '../../kube/cluster.ts';
import { type Driver, driverTools } from '../../mesh/index.ts';
import type { Fact, MachineFacts } from '../../options/index.ts';
import { toolRemedy } from '../../words/index.ts';
import { surroundings } from '../surroundings.ts';
import { onPath } from './commands.ts';
import { kindFacts } from './engine-facts.ts';
import { sandboxFacts } from './sandbox-facts.ts';

const GiB = 1024 ** 3;

/** Below these a kind cluster with a mesh is likely to fail, though nothing says so at once. */
const enough = { memoryBytes: 2 * GiB, diskBytes: 5 * GiB };

/**
 * Asks this machine what it has. Bounded in time, changes nothing.
 *
 * @param tools commands that drivers run; they may be found out meanwhile.
 * @param provider where that is settled, what the others need is not asked: it costs a dozen processes.
 */
export async function gatherFacts(
  tools: NeededTools | Promise<NeededTools> = {},
  provider: ProviderName | 'auto' = 'auto',
): Promise<MachineFacts> {
  const isOpen = (one: ProviderName) => provider === 'auto' || provider === one;
  const [kind, sandbox, meshesOf] = await Promise.all([
    isOpen('kind') ? kindFacts() : [],
    isOpen('sandbox') ? sandboxFacts() : [],
    tools,
  ]);
  return {
    base: [nodeFact(process.versions.node), ...surroundings()],
    kind,
    sandbox,
    tools: Object.fromEntries(Object.entries(meshesOf).map(([tool, need]) => [tool, toolFact(tool, need)])),
    optional: [kubectlFact(), memoryFact(), diskFact()],
  };
}

/** The oldest Node that can run this program is 20.19. */
export function nodeFact(version: string): Fact {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const remedy = 'install Node 20.19 or newer';
  if (major > 20 || (major === 20 && minor >= 19)) return { what: 'Node', found: version, remedy };
  return { what: 'Node', problem: `${version} is too old`, remedy };
}

/** Commands that drivers run, each with the meshes that need it, and the version of the first. */
export type NeededTools = Readonly<Record<string, { meshes: string[]; version: string }>>;

export function toolsOf(drivers: readonly Driver[]): NeededTools {
  const needs: Record<string, { meshes: string[]; version: string }> = {};
  for (const driver of drivers) {
    const { name, implementation } = driver.spec;
    for (const tool of driverTools(driver)) {
      needs[tool] ??= { meshes: [], version: implementation.version };
      if (!needs[tool].meshes.includes(name)) needs[tool].meshes.push(name);
    }
  }
  return needs;
}

function toolFact(tool: string, { meshes, version }: NeededTools[string]): Fact {
  const path = onPath(tool);
  const remedy = `${toolRemedy(tool, version)} (the driver of ${meshes.join(', ')} runs it)`;
  return path === undefined ? { what: tool, problem: 'not installed', remedy } : { what: tool, found: path, remedy };
}

function kubectlFact(): Fact {
  const path = onPath('kubectl');
  const remedy = `${toolRemedy('kubectl')}, to run the scripts that reproduce a failure`;
  return { what: 'kubectl', ...(path === undefined ? {} : { found: path }), remedy, optional: true };
}

function memoryFact(): Fact {
  const bytes = availableMemory();
  const remedy = 'end other programs, or give the virtual machine more memory';
  return amountFact('memory', bytes, enough.memoryBytes, remedy);
}

function diskFact(): Fact {
  const remedy = 'make room: docker system prune removes what is unused';
  try {
    const { bavail, bsize } = statfsSync(tmpdir());
    return amountFact('disk', bavail * bsize, enough.diskBytes, remedy);
  } catch (error) {
    return { what: 'disk', problem: `${tmpdir()}: ${(error as NodeJS.ErrnoException).code}`, remedy, optional: true };
  }
}

function amountFact(what: string, bytes: number, needed: number, remedy: string): Fact {
  const free = `${(bytes / GiB).toFixed(1)} GiB free`;
  if (bytes >= needed) return { what, found: free, remedy, optional: true };
  return { what, problem: `${free}, and kind with a mesh wants ${needed / GiB} GiB`, remedy, optional: true };
}

/** What programs can have, caches given up included; that is more than what is unused. */
function availableMemory(): number {
  const meminfo = '/proc/meminfo';
  if (!existsSync(meminfo)) return freemem();
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync(meminfo, 'utf8'))?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}
