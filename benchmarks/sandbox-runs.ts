/**
 * Repeats the suites in the sandbox: the same verdicts, little time and memory, nothing left.
 *
 *   npx tsx benchmarks/sandbox-runs.ts [--count N] [--at-once K] -- OPTIONS
 *
 * Memory is the proportional set size of runner, jest, sandbox and all that they start, from the first claim on. Times
 * count only with --at-once 1: then each run waits until the machine is idle. OPTIONS go to meshproof.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceRecord } from '../lib/evidence/index.ts';
import { scriptArguments, wholeNumber } from '../trials/lib/arguments.ts';
import { figuresOf } from '../trials/lib/figures.ts';
import { untilIdle } from '../trials/lib/idle.ts';
import { startRun, zeroOf } from '../trials/lib/live-run.ts';
import { markedProcesses, temporaryFiles } from '../trials/lib/machine.ts';
import { phaseTimes } from '../trials/lib/phases.ts';
import { run } from '../trials/lib/program.ts';
import { load, printTable, say, seconds } from '../trials/lib/table.ts';
import { type Measured, TreeMeter } from '../trials/lib/tree-meter.ts';
import { openWorkFolder, type WorkFolder } from '../trials/lib/work-folder.ts';

const { own, passed } = scriptArguments({
  count: { type: 'string', default: '20' },
  'at-once': { type: 'string', default: '4' },
});

const MiB = 1024 * 1024;
const MOST_BYTES = 400 * MiB;
/** From the program's start to the first claim's first action, ms. */
const FIRST_CLAIM_MS = 3_000;
/** From then to the program's end, ms. */
const SUITES_MS = 20_000;

interface SandboxRun {
  n: number;
  status: number | undefined;
  wall: number;
  firstClaim: number;
  phases: string;
  memory: Measured;
  verdicts: string;
  left: string[];
  meter: TreeMeter;
  load: number;
}

async function sandboxRun(n: number, isAlone: boolean, workFolder: WorkFolder): Promise<SandboxRun> {
  if (isAlone && !(await untilIdle())) say('the machine does not become idle');
  const loadBefore = load();
  const startedAt = Date.now();
  const words = ['--provider', 'sandbox', ...passed];
  const live = await startRun(words, join(workFolder.reports, String(n)), { environment: workFolder.environment });
  // Measuring all processes takes some tens of ms of a core, and the suites need the most memory.
  await live.until(isClaimAtWork);
  const meter = new TreeMeter(live.program.pid);
  const { status, ms, text } = await live.ended;
  const memory = meter.stop();
  const left = meter.left();
  const records = live.records();
  const firstClaim = zeroOf(records) + beginOfClaims(records) - startedAt;
  const phases = [...phaseTimes(records)].map(([phase, took]) => `${phase} ${seconds(took)}`).join(', ');
  const { verdicts } = figuresOf(records, ms);
  say(`${n}: exit ${status}, ${seconds(ms)} s, ${mebibytes(memory)} MiB; ${left.join('; ') || 'nothing left'}`);
  if (status !== 0) process.stdout.write(`${text}\n`);
  return { n, status, wall: ms, firstClaim, phases, memory, verdicts, left, meter, load: loadBefore };
}

/** When a claim first changed or probed something, ms of the run's clock. */
function beginOfClaims(records: EvidenceRecord[]): number {
  return Math.min(...records.filter(isClaimAtWork).map(({ start }) => start));
}

function isClaimAtWork(record: EvidenceRecord): record is Extract<EvidenceRecord, { kind: 'change' | 'observation' }> {
  return (record.kind === 'change' || record.kind === 'observation') && record.claim !== undefined;
}

function mebibytes({ peakBytes }: Measured): number {
  return Math.round(peakBytes / MiB);
}

function suitesOf({ wall, firstClaim }: SandboxRun): number {
  return wall - firstClaim;
}

/** What runs left although all have ended. */
function leftInAll(runs: SandboxRun[], workFolder: WorkFolder): string[] {
  const state = workFolder.environment['XDG_STATE_HOME'] ?? '';
  const pages = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return [
    ...markedProcesses(workFolder).map((line) => `process ${line}`),
    ...runs.flatMap(({ meter }) => meter.leftInNamespaces()),
    ...temporaryFiles(workFolder).map((name) => `temporary file ${name}`),
    ...pages.map(({ name }) => `state file ${name}`),
    ...mounts.filter((line) => line.includes(workFolder.path)).map((line) => `mount ${line}`),
  ];
}

/** Each deviation of the runs from what is required. */
function faultsOf(runs: SandboxRun[], atOnce: number, workFolder: WorkFolder): string[] {
  const verdicts = new Set(runs.map((each) => each.verdicts));
  const faults = runs.flatMap((each) => {
    const wrong = [...each.left];
    if (each.status !== 0) wrong.push(`exits ${each.status}`);
    if (each.memory.peakBytes > MOST_BYTES) wrong.push(`takes ${mebibytes(each.memory)} MiB`);
    if (atOnce === 1 && suitesOf(each) > SUITES_MS) wrong.push(`takes ${seconds(suitesOf(each))} s for its claims`);
    if (atOnce === 1 && each.firstClaim > FIRST_CLAIM_MS) {
      wrong.push(`reaches its first claim after ${seconds(each.firstClaim)} s`);
    }
    return wrong.map((fault) => `run ${each.n} ${fault}`);
  });
  if (verdicts.size !== 1) faults.push(`${verdicts.size} different sets of verdicts`);
  if (verdicts.has('')) faults.push('a run without verdicts');
  return [...faults, ...leftInAll(runs, workFolder).map((what) => `left: ${what}`)];
}

/** The work folder's caches of tsx and jest are empty, as a user's are before the first run. */
async function fillCaches({ reports, environment }: WorkFolder): Promise<void> {
  const words = ['--provider', 'sandbox', '--claim', 'lifecycle/stable', '--out', join(reports, 'first')];
  const { status, text } = await run(['run', ...words], { environment });
  if (status !== 0) throw new Error(`a first run exits ${status}:\n${text}`);
}

async function main(): Promise<number> {
  const workFolder = openWorkFolder('sandbox-runs');
  const [count, atOnce] = [wholeNumber('count', own.count), wholeNumber('at-once', own['at-once'])];
  say(`${count} runs, ${atOnce} at a time, load ${load()}; runs in ${workFolder.reports}`);
  await fillCaches(workFolder);
  const runs: SandboxRun[] = [];
  let next = 1;
  const worker = async () => {
    while (next <= count) {
      const n = next;
      next += 1;
      runs.push(await sandboxRun(n, atOnce === 1, workFolder));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  printTable(
    ['run', 'exit', 'wall s', 'first claim s', 'claims s', 'MiB', 'processes', 'load', 'phases, s'],
    runs.map((each) => [
      each.n,
      each.status ?? 'killed',
      seconds(each.wall),
      seconds(each.firstClaim),
      seconds(suitesOf(each)),
      mebibytes(each.memory),
      each.memory.atPeak,
      each.load,
      each.phases,
    ]),
  );
  const faults = faultsOf(runs, atOnce, workFolder);
  for (const fault of faults) say(fault);
  const claims = runs[0]?.verdicts.split('\n').length ?? 0;
  say(faults.length === 0 ? `${runs.length} times the same ${claims} verdicts, and nothing left` : 'not as required');
  if (faults.length === 0) workFolder.remove();
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main();
