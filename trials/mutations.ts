/**
 * Removes each assertion of each claim in turn, and runs the claim alone on the cases that name it and on the
 * conforming mesh. At least one verdict has to change; otherwise the assertion is not needed. trials/lib/justified.ts
 * lists the exceptions, with reasons.
 *
 *   npx tsx trials/mutations.ts [--claim ID,ID] [--parallel N] [--out FOLDER]
 *
 * Continues an interrupted trial, unless something that verdicts depend on has changed.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { originOf } from '../lib/cli/prove/origin.ts';
import { CellRunner } from '../lib/cli/prove/run-cell.ts';
import { type Case, cases } from '../lib/sandbox/index.ts';
import { scriptArguments, wholeNumber, wordsOf } from './lib/arguments.ts';
import { type Assertion, assertionsIn, without } from './lib/assertions.ts';
import { CopiedProject } from './lib/copied-project.ts';
import { justified } from './lib/justified.ts';
import { type Mutant, MutantRecord } from './lib/mutant-record.ts';
import { PROJECT } from './lib/program.ts';
import { printTable, say, seconds } from './lib/table.ts';

const { own } = scriptArguments({
  claim: { type: 'string', default: '' },
  parallel: { type: 'string', default: String(availableParallelism()) },
  out: { type: 'string', default: 'reports/mutations' },
});

interface Planned extends Assertion {
  /** File name of its suite. */
  suite: string;
  /** The suite without it. */
  changed: string;
  /** Which of its claim's assertions it is, from 1 on. */
  n: number;
}

function plannedIn(suite: string): Planned[] {
  const text = readFileSync(join(PROJECT, 'suites', suite), 'utf8');
  const all = assertionsIn(text);
  return all.map((assertion) => {
    const n = all.filter(({ claim, start }) => claim === assertion.claim && start <= assertion.start).length;
    return { ...assertion, suite, changed: without(text, assertion), n };
  });
}

/** The cells most likely to change come first: faults that few claims notice. The conforming mesh comes last. */
function cellsFor({ claim, text }: Planned): Case[] {
  const faults = cases.filter(({ caughtBy }) => caughtBy.includes(claim));
  faults.sort((one, other) => one.caughtBy.length - other.caughtBy.length);
  const right = cases.filter(({ name }) => name === 'reference');
  // Without a switch, a faulty mesh still fails, and so does a conforming one.
  return text.startsWith('await mesh.') ? [...right, ...faults] : [...faults, ...right];
}

async function verdictOf(runner: CellRunner, cell: Case, claim: string): Promise<string> {
  const helpers = cell.kind === 'faulty-mesh' ? (cell.alongside ?? []) : [];
  const { verdicts } = await runner.run({ case: cell, claims: [...new Set([claim, ...helpers])] });
  return verdicts[claim] ?? 'no verdict';
}

/** A copy of the project that tries mutants one after the other. */
class Worker {
  readonly #copy: CopiedProject;
  readonly #out: string;
  readonly #record: MutantRecord;
  readonly #unchanged: CellRunner;
  #changed: CellRunner | undefined;
  isClosed = false;

  constructor(out: string, record: MutantRecord) {
    this.#out = out;
    this.#record = record;
    this.#copy = new CopiedProject(join(out, 'project'));
    this.#unchanged = new CellRunner(join(out, 'unchanged'));
  }

  async try(planned: Planned): Promise<void> {
    const { claim, n, text, suite, changed } = planned;
    const putBack = this.#copy.replaceSuite(suite, changed);
    const runner = new CellRunner(join(this.#out, 'changed'), this.#copy.path);
    this.#changed = runner;
    const mutant: Mutant = { kind: 'mutant', claim, n, text, alike: [] };
    for (const cell of cellsFor(planned)) {
      const before = await this.#before(cell, claim);
      const after = await verdictOf(runner, cell, claim);
      if (this.isClosed) break;
      if (after !== before) {
        mutant.noticed = { cell: cell.name, before, after };
        break;
      }
      mutant.alike.push(cell.name);
    }
    await runner.close();
    putBack();
    if (this.isClosed) return;
    this.#record.keep(mutant);
    say(lineOf(mutant));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([this.#unchanged.close(), this.#changed?.close()]);
  }

  async #before(cell: Case, claim: string): Promise<string> {
    const known = this.#record.unmutated(claim, cell.name);
    if (known !== undefined) return known.verdict;
    const verdict = await verdictOf(this.#unchanged, cell, claim);
    if (!this.isClosed) this.#record.keep({ kind: 'unmutated', claim, cell: cell.name, verdict });
    return verdict;
  }
}

function reasonFor({ claim, text }: Mutant): string | undefined {
  return justified[claim]?.[text.replace(/\s+/g, ' ')];
}

function lineOf({ claim, n, text, noticed, alike }: Mutant): string {
  const end =
    noticed === undefined ? `SURVIVES ${alike.join(', ')}` : `${noticed.cell}: ${noticed.before} -> ${noticed.after}`;
  return `${claim} ${n}  ${text.replace(/\s+/g, ' ')}  ${end}`;
}

async function main(): Promise<number> {
  const out = resolve(own.out);
  const wanted = wordsOf(own.claim);
  const planned = readdirSync(join(PROJECT, 'suites'))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap(plannedIn)
    .filter(({ claim }) => wanted.length === 0 || wanted.includes(claim));
  if (planned.length === 0) throw new Error(`no claim is called ${own.claim}`);
  const record = new MutantRecord(join(out, 'record.jsonl'), (await originOf()).suiteHash);
  const waiting = planned.filter(({ claim, n }) => record.mutant(claim, n) === undefined);
  say(`${planned.length} assertions, ${waiting.length} of them to be tried`);
  const workers = Array.from({ length: wholeNumber('parallel', own.parallel) }, (_, n) => {
    const folder = join(out, `worker-${n + 1}`);
    rmSync(folder, { recursive: true, force: true });
    return new Worker(folder, record);
  });
  const closeAll = () => Promise.all(workers.map((worker) => worker.close()));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void closeAll());
  const begun = performance.now();
  await Promise.all(
    workers.map(async (worker) => {
      for (let next = waiting.shift(); next !== undefined && !worker.isClosed; next = waiting.shift())
        await worker.try(next);
    }),
  );
  await closeAll();
  const done = planned.flatMap(({ claim, n }) => record.mutant(claim, n) ?? []);
  const survivors = done.filter(({ noticed }) => noticed === undefined);
  const unexplained = survivors.filter((mutant) => reasonFor(mutant) === undefined);
  if (survivors.length > 0) {
    printTable(
      ['survivor', 'n', 'assertion', 'cells without a change, or why the assertion stays'],
      survivors.map((mutant) => [
        mutant.claim,
        mutant.n,
        mutant.text.replace(/\s+/g, ' '),
        reasonFor(mutant) ?? mutant.alike.join(', '),
      ]),
    );
  }
  say(
    `${done.length} of ${planned.length} assertions tried; no cell notices the removal of ${survivors.length}, ` +
      `${unexplained.length} of those without a reason; ${seconds(performance.now() - begun)} s now`,
  );
  return done.length === planned.length && unexplained.length === 0 ? 0 : 1;
}

process.exitCode = await main();
