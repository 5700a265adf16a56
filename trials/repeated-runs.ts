/**
 * Repeated runs give the same verdicts.
 *
 *   npx tsx trials/repeated-runs.ts [--cluster-name NAME] [--node-image REF] [--count N] -- OPTIONS
 *
 * Runs on a kept kind cluster. OPTIONS go to meshproof.
 */
import { scriptArguments, wholeNumber } from './lib/arguments.ts';
import { standingCluster } from './lib/kept-cluster.ts';
import { figureCells, figureHeading, type Measured, measuredRun } from './lib/measured-run.ts';
import { plannedSwitches } from './lib/planned-switches.ts';
import { printTable, say, seconds } from './lib/table.ts';
import { openWorkFolder } from './lib/work-folder.ts';

const { own, passed, onKind } = scriptArguments({
  'cluster-name': { type: 'string', default: 'trials' },
  count: { type: 'string', default: '10' },
});

/** Where two runs' verdicts differ, a line each. */
function differing(first: Measured, other: Measured): string[] {
  const before = new Set(first.figures.verdicts.split('\n'));
  return other.figures.verdicts.split('\n').filter((line) => !before.has(line));
}

async function main(): Promise<number> {
  const workFolder = openWorkFolder('ten-runs');
  const standing = await standingCluster(own['cluster-name'], onKind, workFolder);
  standing.cluster.close();
  const words = [...standing.words, ...passed];
  const planned = await plannedSwitches(words, workFolder.environment);
  const runs: Measured[] = [];
  for (let n = 1; n <= wholeNumber('count', own.count); n += 1) {
    const measured = await measuredRun(words, workFolder);
    const [first = measured] = runs;
    runs.push(measured);
    const { ended, figures } = measured;
    const others = differing(first, measured);
    say(`${n}: exit ${ended.status}, ${seconds(figures.wall)} s${others.length > 0 ? `: ${others.join(', ')}` : ''}`);
  }
  printTable(
    ['run', ...figureHeading],
    runs.map((measured, n) => [n + 1, ...figureCells(measured)]),
  );
  say(`switches by the plan: ${planned}`);
  const verdicts = new Set(runs.map(({ figures }) => figures.verdicts));
  say(verdicts.size === 1 ? `the same verdicts ${runs.length} times` : `${verdicts.size} different sets of verdicts`);
  const isRight = verdicts.size === 1 && runs[0]?.figures.verdicts !== '';
  if (isRight) workFolder.remove();
  else say(`runs in ${workFolder.reports}`);
  return isRight ? 0 : 1;
}

process.exitCode = await main();
