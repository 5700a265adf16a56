import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import type { ProviderName } from '../../kube/cluster.ts';
import { type Driver, driverTools } from '../../mesh/index.ts';
import type { Fact, MachineFacts } from '../../options/index.ts';
import { engine as engineOf, remoteEndpoint } from '../../providers/engine.ts';
import { missingNeeds } from '../../sandbox/index.ts';
import { toolRemedy } from '../../words/index.ts';
import { surroundings } from '../surroundings.ts';

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

/** What the provider kind needs: kind, and an engine whose daemon answers. */
export async function kindFacts(environment: NodeJS.ProcessEnv = process.env): Promise<Fact[]> {
  return Promise.all([engineFact(engineOf(environment), remoteEndpoint(environment)), kindFact()]);
}

async function engineFact(engine: string, remote: string | undefined): Promise<Fact> {
  const what = engine === 'docker' ? 'Docker' : engine;
  const format = engine === 'podman' ? '{{.Client.Version}}' : '{{.Server.Version}}';
  const [version, answers] = await Promise.all([
    ask(engine, ['version', '--format', format]),
    // podman's version asks nobody; kind needs what `ps` needs, of every engine.
    ask(engine, ['ps', '-q']),
  ]);
  if (version.ok && answers.ok) return { what, found: version.stdout, remedy: '' };
  const failed = [version, answers].find((answer) => !answer.ok);
  const problem = failed?.ok === false ? failed.problem : 'no answer';
  if (failed?.ok === false && failed.isMissing) {
    return {
      what,
      problem,
      remedy:
        engine === 'docker'
          ? 'install Docker (https://docs.docker.com/engine/install), or podman with KIND_EXPERIMENTAL_PROVIDER=podman'
          : `${toolRemedy(engine)}, or unset KIND_EXPERIMENTAL_PROVIDER to use Docker`,
    };
  }
  if (remote !== undefined) {
    const remedy = `make ${remote} reachable for this user, or unset it to use the engine of this machine`;
    return { what, problem: `does not answer at ${remote} (${problem})`, remedy };
  }
  return {
    what,
    problem: `does not answer (${problem})`,
    remedy:
      engine === 'docker'
        ? 'start Docker (systemctl start docker, or Docker Desktop) and make sure that this user may use it (group docker)'
        : `make ${engine} work for this user: ${engine} ps`,
  };
}

async function kindFact(): Promise<Fact> {
  const answer = await ask('kind', ['version']);
  const remedy = toolRemedy('kind');
  if (!answer.ok) return { what: 'kind', problem: answer.problem, remedy };
  return { what: 'kind', found: /v\d+(\.\d+)+\S*/.exec(answer.stdout)?.[0] ?? answer.stdout, remedy };
}

/** What the built-in cluster needs, or, where something is missing, only that. */
export async function sandboxFacts(): Promise<Fact[]> {
  const [missing, curl, ip] = await Promise.all([
    missingNeeds(),
    versionOf('curl', '--version'),
    versionOf('ip', '-V'),
  ]);
  if (missing.length > 0) return missing;
  return [
    { what: 'curl', found: curl, remedy: '' },
    { what: 'ip (iproute2)', found: ip, remedy: '' },
    { what: 'user namespaces', found: 'allowed', remedy: '' },
  ];
}

async function versionOf(command: string, option: string): Promise<string> {
  const answer = await ask(command, [option]);
  return (answer.ok ? /\d+(\.\d+)+/.exec(answer.stdout)?.[0] : undefined) ?? 'some version';
}

/** Longest that one question to this machine may take, ms. */
const questionMs = 10_000;

/** How a command answered. */
export type Answer = { ok: true; stdout: string } | { ok: false; isMissing: boolean; problem: string };

/** Asks a command something; never rejects, and takes ten seconds at most. */
export async function ask(command: string, args: string[]): Promise<Answer> {
  const result = await execa(command, args, {
    timeout: questionMs,
    killSignal: 'SIGKILL',
    reject: false,
    stdin: 'ignore',
  });
  if (!result.failed) return { ok: true, stdout: result.stdout.trim() };
  if (result.code === 'ENOENT') return { ok: false, isMissing: true, problem: 'not installed' };
  if (result.timedOut) return { ok: false, isMissing: false, problem: `no answer within ${questionMs / 1000} s` };
  const words = result.stderr.trim().split('\n').at(-1) || result.shortMessage || 'failed';
  return { ok: false, isMissing: false, problem: words };
}

/** Path of a command, or undefined where the PATH does not lead to it. */
export function onPath(command: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, not ours to run, or in a folder that cannot be read: in every case no program for us.
    return false;
  }
}
