/**
 * Checks every exit status of the real program.
 *
 *   npx tsx trials/exit-statuses.ts [--quick] [--cluster-name NAME] [--node-image REF] -- OPTIONS
 *
 * First come the cases that need no Docker; --quick stops after them. Then come those on a kept kind cluster, then
 * those on new clusters. OPTIONS go to meshproof.
 */
import { loadDriver } from '../lib/mesh/index.ts';
import { missingForSandbox } from '../lib/sandbox/index.ts';
import { faultsOf, type StatusCase } from './exit-statuses/case.ts';
import { type Interrupted, interruptIn, interruptTwice } from './exit-statuses/interrupted.ts';
import {
  asExisting,
  casesOnStanding,
  foreignNamespace,
  withForeignNamespace,
} from './exit-statuses/on-kept-cluster.ts';
import { casesWithoutDocker } from './exit-statuses/without-docker.ts';
import { casesWithoutKind } from './exit-statuses/without-kind.ts';
import { scriptArguments } from './lib/arguments.ts';
import { standingCluster } from './lib/kept-cluster.ts';
import { liveState } from './lib/live-state.ts';
import { run } from './lib/program.ts';
import { load, printTable, say, seconds } from './lib/table.ts';
import { openWorkFolder } from './lib/work-folder.ts';

const { own, passed, onKind } = scriptArguments({
  quick: { type: 'boolean', default: false },
  'cluster-name': { type: 'string', default: 'trials' },
  mesh: { type: 'string', default: 'osm' },
});

const PHASES = ['cluster', 'images', 'mesh', 'fixtures', 'suite', 'cleanup'] as const;
/** Longest time from the fixtures' deployment until an image that cannot be pulled is reported, ms. */
const PULL_MS = 10_000;
/**
 * From the first change of a claim to Ctrl-C, ms: while claims begin, during samples, and while the last claims wait.
 */
const INTO_SUITES_MS = [700, 4_000, 8_000];

const workFolder = openWorkFolder('statuses');
const rows: (string | number)[][] = [];
let isRight = true;

function note(name: string, ms: number, faults: string[], remark = ''): void {
  isRight &&= faults.length === 0;
  rows.push([name, faults.length === 0 ? 'as required' : 'WRONG', seconds(ms), [...faults, remark].join('; ')]);
  say(`${name}: ${faults.join('; ') || 'as required'} (${seconds(ms)} s) ${remark}`);
}

async function judge(wanted: StatusCase): Promise<void> {
  const ended = await run(wanted.words, wanted.options);
  const faults = faultsOf(wanted, ended);
  note(`${wanted.status} ${wanted.name}`, ended.ms, faults);
  if (faults.length > 0) process.stdout.write(`${ended.text}\n`);
}

async function interrupted(name: string, outcome: Promise<Interrupted>): Promise<void> {
  const { faults, ms, remark } = await outcome;
  note(`130 ${name}`, ms, faults, remark);
}

async function inSandbox(): Promise<void> {
  const words = ['--provider', 'sandbox'];
  for (const intoMs of INTO_SUITES_MS) {
    const outcome = interruptIn('suite', words, workFolder, { intoMs, sandbox: true });
    await interrupted(`Ctrl-C in suite, sandbox, after ${seconds(intoMs)} s`, outcome);
  }
}

async function onStanding(): Promise<void> {
  const standing = await standingCluster(own['cluster-name'], onKind, workFolder);
  const { environment } = workFolder;
  const words = { out: ['--out', workFolder.reports], passed };
  const driver = await loadDriver(own.mesh);
  const look = () => liveState(standing.cluster, driver);
  const live = { before: await look(), look };
  try {
    for (const wanted of casesOnStanding(standing, words, environment)) {
      const isPull = wanted.name === 'an image that cannot be pulled';
      await judge(isPull ? { ...wanted, prints: [...(wanted.prints ?? []), fixturesWithin(PULL_MS)] } : wanted);
    }
    await withForeignNamespace(standing, () => judge(foreignNamespace(standing, words, environment)));
    const claims = ['--claim', 'permissive/off-closes,permissive/switches', '--mesh', own.mesh, ...passed];
    for (const phase of ['fixtures', 'suite'] as const) {
      const outcome = interruptIn(phase, [...asExisting(standing), ...claims], workFolder, { live });
      await interrupted(`Ctrl-C in ${phase}, existing`, outcome);
    }
  } finally {
    standing.cluster.close();
  }
}

/** The console's line for the fixtures phase, with a time of at most this many ms. */
function fixturesWithin(ms: number): RegExp {
  const most = Math.floor(ms / 1000) - 1;
  return new RegExp(`fixtures .* [0-${most}]\\.\\d s`);
}

async function onOwn(): Promise<void> {
  const { environment } = workFolder;
  const none = ['run', '--mesh', 'none', '--claim', 'permissive/off-closes', '--out', workFolder.reports, ...onKind];
  await judge({ name: 'a claim fails', status: 1, words: none, options: { environment }, prints: [/1 failed/] });
  const words = ['--provider', 'kind', '--claim', 'permissive/off-closes', ...onKind];
  for (const phase of PHASES) await interrupted(`Ctrl-C in ${phase}`, interruptIn(phase, words, workFolder));
  await interrupted('Ctrl-C in suite, npm test', interruptIn('suite', words, workFolder, { door: 'npm' }));
  await interrupted('Ctrl-C in cluster, unread', interruptIn('cluster', words, workFolder, { unread: true }));
  await interrupted('Ctrl-C twice in mesh', interruptTwice('mesh', words, workFolder));
}

say(`load ${load()}; runs in ${workFolder.reports}`);
for (const wanted of [...casesWithoutDocker(workFolder), ...(await casesWithoutKind(workFolder))]) await judge(wanted);
if ((await missingForSandbox()).length === 0) await inSandbox();
if (!own.quick) {
  await onStanding();
  await onOwn();
}
printTable(['status and case', 'outcome', 's', 'remark'], rows);
if (isRight) workFolder.remove();
process.exitCode = isRight ? 0 : 1;
