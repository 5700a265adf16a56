/**
 * Measures the time that the harness adds to the unavoidable time.
 *
 *   npx tsx benchmarks/overhead.ts [--cluster-name NAME] [--node-image REF] [--count N] [--only standing|cold] --
 * OPTIONS
 *
 * On a kept kind cluster, this is the time without waiting for changes and without samples. On new clusters, it is the
 * time beyond kind, image loading and the mesh's installation without the harness. OPTIONS go to meshproof.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KIND_CONFIG } from '../lib/providers/index.ts';
import { scriptArguments, wholeNumber } from '../trials/lib/arguments.ts';
import { bareInstallation } from '../trials/lib/bare.ts';
import { standingCluster } from '../trials/lib/kept-cluster.ts';
import { figureCells, figureHeading, type Measured, measuredRun } from '../trials/lib/measured-run.ts';
import { plannedSwitches } from '../trials/lib/planned-switches.ts';
import { load, printTable, say, seconds } from '../trials/lib/table.ts';
import { openWorkFolder, type WorkFolder } from '../trials/lib/work-folder.ts';

const MOST_OVERHEAD_MS = 15_000;
const MOST_SAMPLING_MS = 40_000;
const MOST_COLD_MS = 60_000;

const { own, passed, onKind } = scriptArguments({
  'cluster-name': { type: 'string', default: 'trials' },
  count: { type: 'string', default: '2' },
  only: { type: 'string', default: '' },
});
const count = wholeNumber('count', own.count);

async function onStanding(workFolder: WorkFolder): Promise<boolean> {
  const standing = await standingCluster(own['cluster-name'], onKind, workFolder);
  standing.cluster.close();
  const words = [...standing.words, ...passed];
  const planned = await plannedSwitches(words, workFolder.environment);
  const runs: Measured[] = [];
  for (let n = 0; n < count; n += 1) runs.push(await measuredRun(words, workFolder));
  printTable(
    ['standing', ...figureHeading],
    runs.map((measured, n) => [n + 1, ...figureCells(measured)]),
  );
  say(`switches by the plan: ${planned}`);
  return runs.every(
    ({ figures, ended }) =>
      ended.status === 0 &&
      figures.overhead <= MOST_OVERHEAD_MS &&
      figures.sampling <= MOST_SAMPLING_MS &&
      figures.switches <= planned,
  );
}

async function cold(workFolder: WorkFolder): Promise<boolean> {
  const rows: (string | number)[][] = [];
  let isRight = true;
  for (let n = 1; n <= count; n += 1) {
    const measured = await measuredRun(['--provider', 'kind', ...onKind], workFolder);
    const between = load();
    const kind = ['--config', KIND_CONFIG, ...(own['node-image'] === undefined ? [] : ['--image', own['node-image']])];
    const name = `${own['cluster-name']}-bare`;
    const dependencies = { name, kind, images: loadedImages(measured.folder), install: installCommands(measured) };
    const { create, loading, install } = await bareInstallation(dependencies, workFolder);
    const more = measured.figures.wall - create - loading - install;
    isRight &&= more <= MOST_COLD_MS && measured.ended.status === 0;
    const times = [measured.figures.wall, create, loading, install, more].map(seconds);
    rows.push([n, ...times, measured.ended.status ?? 'killed', measured.load, between]);
  }
  printTable(['cold', 'run s', 'kind s', 'loading s', 'install s', 'more s', 'exit', 'load', 'load by hand'], rows);
  return isRight;
}

/** The images that a run loaded into the cluster, from its log. */
function loadedImages(folder: string): string[] {
  const log = readFileSync(join(folder, 'meshproof.log'), 'utf8');
  const images = [...log.matchAll(/images: loaded (.*?); present/g)].flatMap(([, names = '']) => names.split(' '));
  if (images.length === 0) throw new Error('the run does not say which images it loaded');
  return images.filter((name) => name !== 'none');
}

/** The commands that a run printed before it ran them. */
function installCommands({ ended }: Measured): string[][] {
  const commands = ended.text.split('\n').filter((line) => line.startsWith('$ '));
  return commands.map((line) => line.slice(2).split(' '));
}

const workFolder = openWorkFolder('overhead');
const standingIsRight = own.only === 'cold' || (await onStanding(workFolder));
const coldIsRight = own.only === 'standing' || (await cold(workFolder));
say(
  `standing: ${standingIsRight ? 'as required' : 'NOT as required'}; cold: ${coldIsRight ? 'as required' : 'NOT as required'}`,
);
if (standingIsRight && coldIsRight) workFolder.remove();
else say(`runs in ${workFolder.reports}`);
process.exitCode = standingIsRight && coldIsRight ? 0 : 1;
