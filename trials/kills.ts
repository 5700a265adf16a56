/**
 * Checks that killed runs leave nothing after a cleanup.
 *
 *   npx tsx trials/kills.ts [--cluster-name NAME] [--node-image REF] [--count N] [--seed TEXT]
 *       [--phases WORDS] -- OPTIONS
 *
 * Kills the program with SIGKILL at moments that the seed chooses, at least once in each phase. It does so on a new
 * kind cluster and on a kept cluster used as `existing`. Then `meshproof clean` and the next run clean up in turns. The
 * script compares the machine and the kept cluster with before. OPTIONS go to meshproof.
 */
import type { PhaseName } from '../lib/evidence/index.ts';
import { type Driver, loadDriver } from '../lib/mesh/index.ts';
import { scriptArguments, wholeNumber, wordsOf } from './lib/arguments.ts';
import { type RunState, standingCluster } from './lib/kept-cluster.ts';
import { type LiveRun, startRun, zeroOf } from './lib/live-run.ts';
import { type LiveState, liveDifferences, liveState, untilAsBefore } from './lib/live-state.ts';
import { differences, lookAround, type Machine } from './lib/machine.ts';
import { phaseTimes, phaseUnderWay, untilInPhase } from './lib/phases.ts';
import { run } from './lib/program.ts';
import { seededDraw } from './lib/seeded-draw.ts';
import { load, printTable, say, seconds } from './lib/table.ts';
import { openWorkFolder, type WorkFolder } from './lib/work-folder.ts';

const { own, passed, onKind } = scriptArguments({
  'cluster-name': { type: 'string', default: 'trials' },
  count: { type: 'string', default: '20' },
  seed: { type: 'string', default: 'meshproof' },
  mesh: { type: 'string', default: 'osm' },
  phases: {
    type: 'string',
    default:
      'kind/cluster,kind/images,kind/mesh,kind/fixtures,kind/suite,kind/cleanup,existing/cluster,existing/fixtures,existing/suite,existing/cleanup',
  },
});

/** A claim that switches a mode, and one that makes policies. */
const CLAIMS = ['--claim', 'permissive/off-closes,permissive/off-obeys-policy'];
const SHORT = ['--claim', 'permissive/enrolment'];

const OVER_BEFORE = 'over before';

type Where = 'kind' | 'existing';

interface Aim {
  where: Where;
  phase: PhaseName;
}

interface Dependencies {
  /** State before the first run, with what earlier kills left, so that it is reported once. */
  machine: Machine;
  /** Before the first run. */
  cluster: LiveState;
  standing: RunState;
  driver: Driver;
  workFolder: WorkFolder;
  words: Record<Where, string[]>;
}

interface Killed extends Aim {
  hit: string;
  /** Number of differences from before, until the cleanup. */
  left: number;
  remedy: string;
  status: number | undefined;
  remedyMs: number;
  differing: string[];
}

function aimOf(word: string): Aim {
  const [where, phase] = word.split('/');
  if ((where !== 'kind' && where !== 'existing') || phase === undefined) throw new Error(`--phases ${word}`);
  return { where, phase: phase as PhaseName };
}

async function undisturbed(where: Where, { words, workFolder }: Dependencies): Promise<Map<PhaseName, number>> {
  const live = await begin([...words[where], ...CLAIMS], workFolder);
  const { status, text } = await live.ended;
  if (status !== 0) throw new Error(`without a kill, the run does not pass:\n${text}`);
  return phaseTimes(live.records());
}

function begin(words: string[], workFolder: WorkFolder): Promise<LiveRun> {
  return startRun(words, workFolder.reports, { environment: workFolder.environment });
}

async function killAndCompare(
  aim: Aim,
  afterMs: number,
  byClean: boolean,
  dependencies: Dependencies,
): Promise<Killed> {
  const { cluster, standing, driver, workFolder, words } = dependencies;
  const live = await begin([...words[aim.where], ...CLAIMS], workFolder);
  const isInTime = await untilInPhase(live, aim.phase, afterMs);
  live.program.signal('SIGKILL');
  const killedAt = Date.now() - zeroOf(live.records());
  await live.ended;
  const at = phaseUnderWay(live.records());
  const into = killedAt - (at?.since ?? killedAt);
  const hit = isInTime ? `${at?.phase ?? 'between'} +${seconds(into)} s` : OVER_BEFORE;

  const isOurs = (name: string) => name.includes(live.id) || name.startsWith(standing.name);
  const before = dependencies.machine;
  const look = () => liveState(standing.cluster, driver);
  const left = [
    ...differences(before, await lookAround(workFolder), isOurs),
    ...liveDifferences(cluster, await look()),
  ];
  const next = aim.where === 'existing' ? words.existing : standing.words;
  const cleanedUp = byClean
    ? await run(['clean'], { environment: workFolder.environment })
    : await run(['run', ...next, ...SHORT, '--mesh', own.mesh, ...passed, '--out', workFolder.reports], {
        environment: workFolder.environment,
      });
  dependencies.machine = await lookAround(workFolder);
  const differing = [...differences(before, dependencies.machine, isOurs), ...(await untilAsBefore(cluster, look))];
  if (cleanedUp.status !== 0) say(cleanedUp.text);
  return {
    ...aim,
    hit,
    left: left.length,
    remedy: byClean ? 'clean' : 'next run',
    status: cleanedUp.status,
    remedyMs: cleanedUp.ms,
    differing,
  };
}

const MOST_ATTEMPTS = 4;

/** A phase may be shorter than without a kill. Then the next attempt kills earlier. */
async function killInTime(aim: Aim, afterMs: number, byClean: boolean, dependencies: Dependencies): Promise<Killed> {
  for (let attempts = 1; ; attempts += 1) {
    const killed = await killAndCompare(aim, afterMs / 4 ** (attempts - 1), byClean, dependencies);
    if (killed.hit !== OVER_BEFORE || killed.differing.length > 0 || attempts === MOST_ATTEMPTS) return killed;
  }
}

async function main(): Promise<number> {
  const draw = seededDraw(own.seed);
  const workFolder = openWorkFolder('kills');
  const standing = await standingCluster(own['cluster-name'], onKind, workFolder);
  const existing = ['--provider', 'existing', '--kubeconfig', standing.kubeconfig, '--context', standing.context];
  const driver = await loadDriver(own.mesh);
  const dependencies: Dependencies = {
    machine: await lookAround(workFolder),
    cluster: await liveState(standing.cluster, driver),
    standing,
    driver,
    workFolder,
    words: {
      kind: ['--provider', 'kind', '--mesh', own.mesh, ...onKind],
      existing: [...existing, '--allow-mesh-wide-changes', '--mesh', own.mesh, ...passed],
    },
  };
  const aims = wordsOf(own.phases).map(aimOf);
  const [firstAim, ...otherAims] = aims;
  if (firstAim === undefined) throw new Error('--phases names none');
  const killed: Killed[] = [];
  try {
    say(`seed ${own.seed}, cluster ${standing.name}, load ${load()}; runs in ${workFolder.reports}`);
    const usual = new Map<Where, Map<PhaseName, number>>();
    for (const where of new Set(aims.map((aim) => aim.where))) {
      usual.set(where, await undisturbed(where, dependencies));
      const times = [...(usual.get(where) ?? [])].map(([phase, ms]) => `${phase} ${seconds(ms)} s`);
      say(`without a kill on ${where}: ${times.join(', ')}`);
    }
    for (let n = 0; n < wholeNumber('count', own.count); n += 1) {
      const aim = aims[n] ?? draw.one(`phase of ${n}`, [firstAim, ...otherAims]);
      const afterMs = draw.fraction(`moment of ${n}`) * (usual.get(aim.where)?.get(aim.phase) ?? 0);
      const each = await killInTime(aim, afterMs, n % 2 === 0, dependencies);
      const { where, phase, hit, left, remedy, status, differing } = each;
      say(
        `${n + 1}: ${where}/${phase}: killed in ${hit}, ${left} things left; ${remedy} exits ${status}; ${differing.join('; ') || 'as before'}`,
      );
      killed.push(each);
    }
  } finally {
    standing.cluster.close();
  }
  printTable(
    ['where', 'aimed at', 'killed in', 'left', 'then', 'exit', 'took s', 'differs'],
    killed.map(({ where, phase, hit, left, remedy, status, remedyMs, differing }) => [
      where,
      phase,
      hit,
      left,
      remedy,
      status ?? 'killed',
      seconds(remedyMs),
      differing.join('; '),
    ]),
  );
  const missed = aims.filter(
    ({ where, phase }) => !killed.some((each) => each.where === where && each.hit.startsWith(phase)),
  );
  for (const { where, phase } of missed) say(`no kill hit ${where}/${phase}`);
  const wrong = killed.filter(({ status, differing }) => status !== 0 || differing.length > 0);
  say(`${killed.length} kills, after ${killed.length - wrong.length} of them everything was as before`);
  const isRight = wrong.length === 0 && missed.length === 0;
  if (isRight) workFolder.remove();
  return isRight ? 0 : 1;
}

process.exitCode = await main();
