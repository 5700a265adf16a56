/**
 * Counts how often the suites blame the reference mesh, which conforms and acts within 50 ms. Prints the bound that
 * follows.
 *
 *   npx tsx trials/honest-runs.ts [--until N] [--parallel K] [--suite NAME,NAME] [--record FILE]
 *
 * Continues until the record has N runs (default: 300) of the present sources. A run is wrong if it has a verdict other
 * than `passed`, `unsupported` or `not-run`. Its reports stay beside the record.
 */
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { originOf } from '../lib/cli/prove/origin.ts';
import { summarise } from '../lib/report/index.ts';
import { scriptArguments, wholeNumber } from './lib/arguments.ts';
import { upperBound } from './lib/bound.ts';
import { startRun } from './lib/live-run.ts';
import { load, printTable, say, seconds } from './lib/table.ts';
import { openWorkFolder, type WorkFolder } from './lib/work-folder.ts';

const { own } = scriptArguments({
  until: { type: 'string', default: '300' },
  parallel: { type: 'string', default: '1' },
  suite: { type: 'string', default: 'permissive,tcp-routing,egress' },
  record: { type: 'string', default: 'reports/honest-runs/record.jsonl' },
});

interface Entry {
  commit: string;
  suiteHash: string;
  suites: string;
  at: string;
  status: number;
  ms: number;
  /** The machine's load before, and how many ran side by side. */
  load: number;
  parallel: number;
  verdicts: Record<string, string>;
  /** Each wrong verdict, with its reason. */
  wrong: string[];
  /** Folder with the reports of a wrong run. */
  folder?: string;
}

const RIGHT = ['passed', 'unsupported', 'not-run'];

async function main(): Promise<number> {
  const file = resolve(own.record);
  mkdirSync(dirname(file), { recursive: true });
  const { commit, suiteHash } = await originOf();
  const until = wholeNumber('until', own.until);
  const parallel = wholeNumber('parallel', own.parallel);
  const entries = read(file).filter((entry) => entry.suiteHash === suiteHash && entry.suites === own.suite);
  let isOver = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isOver = true;
      say('starting no more runs');
    });
  }
  let begun = entries.length;
  say(`${entries.length} runs of commit ${commit.slice(0, 12)}, sources ${suiteHash}; continuing to ${until}`);

  const one = async (workFolder: WorkFolder): Promise<void> => {
    const loadBefore = load();
    const words = ['--provider=sandbox', '--mesh=reference', '--set=reference.actAfter=50ms', `--suite=${own.suite}`];
    const live = await startRun(words, workFolder.reports, { environment: workFolder.environment });
    const { status = 3, ms } = await live.ended;
    const { claims } = summarise(live.records());
    const wrong = claims
      .filter(({ verdict }) => !RIGHT.includes(verdict))
      .map(({ id, verdict, reason }) => `${id} ${verdict}: ${reason}`);
    if (wrong.length === 0 && status !== 0) wrong.push(`exit status ${status}`);
    const entry: Entry = {
      commit,
      suiteHash,
      suites: own.suite,
      at: new Date().toISOString(),
      status,
      ms: Math.round(ms),
      load: loadBefore,
      parallel,
      verdicts: Object.fromEntries(claims.map(({ id, verdict }) => [id, verdict])),
      wrong,
    };
    if (wrong.length > 0) entry.folder = keep(live.folder, join(dirname(file), live.id));
    else rmSync(live.folder, { recursive: true });
    entries.push(entry);
    appendFileSync(file, `${JSON.stringify(entry)}\n`);
    say(`${entries.length}: exit ${status}, ${seconds(ms)} s${wrong.length === 0 ? '' : `  ${wrong.join('; ')}`}`);
  };
  const work = async (): Promise<void> => {
    const workFolder = openWorkFolder('honest');
    while (begun < until && !isOver) {
      begun += 1;
      await one(workFolder);
    }
    workFolder.remove();
  };
  await Promise.all(Array.from({ length: parallel }, work));

  const wrong = entries.filter((entry) => entry.wrong.length > 0);
  if (wrong.length > 0) {
    printTable(
      ['run', 'wrong'],
      wrong.map((entry) => [entry.folder ?? entry.at, entry.wrong.join('; ')]),
    );
  }
  const verdicts = entries.reduce((sum, entry) => sum + Object.keys(entry.verdicts).length, 0);
  say(`${entries.length} runs, ${verdicts} verdicts; ${wrong.length} runs with a wrong one`);
  say(
    `at 95 % confidence, at most ${percent(upperBound(wrong.length, entries.length))} of such runs blame a conforming ` +
      'mesh, or are inconclusive',
  );
  return wrong.length === 0 && entries.length >= until ? 0 : 1;
}

/** Skips an unfinished last line. */
function read(file: string): Entry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

function keep(folder: string, place: string): string {
  cpSync(folder, place, { recursive: true });
  rmSync(folder, { recursive: true });
  return place;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

process.exitCode = await main();
