import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ProviderName } from '../../kube/cluster.ts';
import { type Driver, driverTools } from '../../mesh/index.ts';
import type { Fact, MachineFacts } from '../../options/index.ts';
import { runCommand } from '../../processes/command.ts';
import { engine as engineOf, remoteEndpoint } from '../../providers/engine.ts';
import { missingForSandbox } from '../../sandbox/index.ts';
import { toolRemedy } from '../../words/index.ts';
import { ownFolders } from '../folders.ts';

const GiB = 1024 ** 3;
/** With less, a kind cluster with a mesh is likely to fail later. */
const ENOUGH = { memoryBytes: 2 * GiB, diskBytes: 5 * GiB };
/** Twice the files that a run's largest process has open at once. */
const FILES = 512;
/** Twice the processes and threads of a sandbox with all fixtures. */
const PROCESSES = 1024;
/** Longest that one question to this machine may take, ms. */
const QUESTION_MS = 10_000;

/**
 * Checks what this machine has. Bounded in time, changes nothing.
 * @param tools commands that drivers run
 * @param provider if known, the needs of the other providers are not checked: that would cost a dozen processes
 */
export async function gatherFacts(
  tools: NeededTools | Promise<NeededTools> = {},
  provider: ProviderName | 'auto' = 'auto',
): Promise<MachineFacts> {
  const isOpen = (one: ProviderName) => provider === 'auto' || provider === one;
  const [kind, sandbox, needed] = await Promise.all([
    isOpen('kind') ? Promise.all([engineFact(engineOf(), remoteEndpoint()), kindFact()]) : [],
    isOpen('sandbox') ? sandboxFacts() : [],
    tools,
  ]);
  return {
    base: [nodeFact(process.versions.node), ...folderFacts(), ...limits()],
    kind,
    sandbox,
    tools: Object.fromEntries(Object.entries(needed).map(([tool, need]) => [tool, toolFact(tool, need)])),
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

function folderFacts(): Fact[] {
  return ownFolders().map(({ name, path, problem }) => {
    const remedy = `set ${name} to a folder that this user may write to`;
    return { what: name, remedy, ...(problem === undefined ? { found: path } : { problem: `${path}: ${problem}` }) };
  });
}

/** The files and processes that this process may have, where Linux says so. */
export function limits(text: string = ownLimits(), user: number | undefined = process.getuid?.()): Fact[] {
  const facts: Fact[] = [];
  const files = limit(text, 'Max open files');
  if (files !== undefined) facts.push(limitFact('open files', files, FILES, 'n'));
  // Root has no limit of processes.
  const processes = user === 0 ? undefined : limit(text, 'Max processes');
  if (processes !== undefined) facts.push(limitFact('processes', processes, PROCESSES, 'u'));
  return facts;
}

function limitFact(what: string, allowed: number, needed: number, letter: string): Fact {
  const remedy = `raise the limit for the shell that starts the run: ulimit -${letter} ${needed}`;
  if (allowed >= needed) return { what, found: `${allowed} allowed`, remedy };
  return { what, problem: `${allowed} allowed, and a run needs ${needed}`, remedy };
}

function ownLimits(): string {
  const file = '/proc/self/limits';
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function limit(text: string, name: string): number | undefined {
  const soft = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(text)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Commands that drivers run, each with the meshes that need it, and the version of the first. */
export type NeededTools = Readonly<Record<string, { meshes: string[]; version: string }>>;

export function toolsOf(drivers: readonly Driver[]): NeededTools {
  const required: Record<string, { meshes: string[]; version: string }> = {};
  for (const driver of drivers) {
    const { name, implementation } = driver.spec;
    for (const tool of driverTools(driver)) {
      required[tool] ??= { meshes: [], version: implementation.version };
      if (!required[tool].meshes.includes(name)) required[tool].meshes.push(name);
    }
  }
  return required;
}

function toolFact(tool: string, { meshes, version }: NeededTools[string]): Fact {
  const path = onPath(tool);
  const remedy = `${toolRemedy(tool, version)} (the driver of ${meshes.join(', ')} runs it)`;
  return path === undefined ? { what: tool, problem: 'not installed', remedy } : { what: tool, found: path, remedy };
}

function kubectlFact(): Fact {
  const path = onPath('kubectl');
  const remedy = `${toolRemedy('kubectl')}, to look at a cluster that a run keeps`;
  return { what: 'kubectl', ...(path === undefined ? {} : { found: path }), remedy, optional: true };
}

function memoryFact(): Fact {
  const remedy = 'end other programs, or give the virtual machine more memory';
  return amountFact('memory', availableMemory(), ENOUGH.memoryBytes, remedy);
}

function diskFact(): Fact {
  const remedy = 'make room: docker system prune removes what is unused';
  try {
    const { bavail, bsize } = statfsSync(tmpdir());
    return amountFact('disk', bavail * bsize, ENOUGH.diskBytes, remedy);
  } catch (error) {
    return { what: 'disk', problem: `${tmpdir()}: ${(error as NodeJS.ErrnoException).code}`, remedy, optional: true };
  }
}

function amountFact(what: string, bytes: number, needed: number, remedy: string): Fact {
  const free = `${(bytes / GiB).toFixed(1)} GiB free`;
  if (bytes >= needed) return { what, found: free, remedy, optional: true };
  return { what, problem: `${free}, and kind with a mesh needs ${needed / GiB} GiB`, remedy, optional: true };
}

/** What programs can get: more than what is unused, since the system gives up caches. */
function availableMemory(): number {
  const meminfo = '/proc/meminfo';
  if (!existsSync(meminfo)) return freemem();
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync(meminfo, 'utf8'))?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}

async function engineFact(engine: string, remote: string | undefined): Promise<Fact> {
  const isDocker = engine === 'docker';
  const what = isDocker ? 'Docker' : engine;
  const format = engine === 'podman' ? '{{.Client.Version}}' : '{{.Server.Version}}';
  const [version, answers] = await Promise.all([
    ask(engine, ['version', '--format', format]),
    // podman prints its version without asking anybody. `ps` shows that the engine answers kind.
    ask(engine, ['ps', '-q']),
  ]);
  if (version.ok && answers.ok) return { what, found: version.stdout, remedy: '' };
  const { problem, isMissing } = version.ok ? (answers as Failure) : version;
  if (isMissing) {
    const remedy = isDocker
      ? 'install Docker (https://docs.docker.com/engine/install), or podman with KIND_EXPERIMENTAL_PROVIDER=podman'
      : `${toolRemedy(engine)}, or unset KIND_EXPERIMENTAL_PROVIDER to use Docker`;
    return { what, problem, remedy };
  }
  if (remote !== undefined) {
    const remedy = `make ${remote} reachable for this user, or unset it to use the engine of this machine`;
    return { what, problem: `does not answer at ${remote} (${problem})`, remedy };
  }
  const remedy = isDocker
    ? 'start Docker (systemctl start docker, or Docker Desktop) and make sure that this user may use it (group docker)'
    : `make ${engine} work for this user: ${engine} ps`;
  return { what, problem: `does not answer (${problem})`, remedy };
}

async function kindFact(): Promise<Fact> {
  const answer = await ask('kind', ['version']);
  const remedy = toolRemedy('kind');
  if (!answer.ok) return { what: 'kind', problem: answer.problem, remedy };
  return { what: 'kind', found: /v\d+(\.\d+)+\S*/.exec(answer.stdout)?.[0] ?? answer.stdout, remedy };
}

/** What the built-in cluster needs; if something is missing, only that. */
async function sandboxFacts(): Promise<Fact[]> {
  const [missing, curl, ip] = await Promise.all([
    missingForSandbox(),
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
  return (answer.ok ? /\d+(\.\d+)+/.exec(answer.stdout)?.[0] : undefined) ?? 'unknown version';
}

interface Failure {
  ok: false;
  isMissing: boolean;
  problem: string;
}

/** Runs a command that answers a question; never rejects, and takes ten seconds at most. */
export async function ask(command: string, args: string[]): Promise<{ ok: true; stdout: string } | Failure> {
  const { exitCode, fault, how, stdout, stderr } = await runCommand([command, ...args], { timeoutMs: QUESTION_MS });
  if (exitCode === 0) return { ok: true, stdout: stdout.trim() };
  if (fault === 'missing') return { ok: false, isMissing: true, problem: 'not installed' };
  if (fault === 'timeout') return { ok: false, isMissing: false, problem: `no answer within ${QUESTION_MS / 1000} s` };
  return { ok: false, isMissing: false, problem: stderr.trim().split('\n').at(-1) || how };
}

/** Path of a command, or undefined where it is not on the PATH. */
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
    // Missing, not executable, or in a folder that cannot be read: no program for this user.
    return false;
  }
}
