import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type EvidenceRecord, type RunRecord, readEvidence, type Verdict } from '../evidence/index.ts';
import type { Driver } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import type { Chosen } from '../run/machine/choose.ts';
import { UsageError } from '../words/index.ts';

const evidenceName = 'evidence.jsonl';

/** An earlier run, for --rerun-failed. */
export interface FormerRun {
  runId: string;
  /** Its mesh and provider. */
  choice: RunRecord['choice'] | undefined;
  /** Ids of its claims that neither passed nor are unsupported, and of those that it left undecided itself. */
  open: string[];
}

/** The folders of the runs in `out`, the one with the newest evidence first. */
function runsIn(out: string): string[] {
  if (!statSync(out, { throwIfNoEntry: false })?.isDirectory()) return [];
  const runs = readdirSync(out)
    .map((name) => join(out, name))
    .flatMap((folder) => {
      const written = statSync(join(folder, evidenceName), { throwIfNoEntry: false })?.mtimeMs;
      return written === undefined ? [] : [{ folder, written }];
    });
  return runs.sort((a, b) => b.written - a.written).map(({ folder }) => folder);
}

/** The folder of the run with the newest evidence, or undefined if there is none in `out`. */
export function lastRun(out: string): string | undefined {
  return runsIn(out)[0];
}

/**
 * The folder of a run, by its folder, its id, or the beginning of its id if no other run in `out` has the same.
 * @throws UsageError where there is none, or more than one
 */
export function runNamed(out: string, name: string): string {
  if (existsSync(name)) return name;
  const runs = runsIn(out);
  const fitting = name.includes('/') ? [] : runs.filter((folder) => basename(folder).startsWith(name));
  const exact = fitting.find((folder) => basename(folder) === name);
  const [only, another] = fitting;
  if (exact !== undefined) return exact;
  const ids = (folders: readonly string[]) =>
    folders
      .map((folder) => basename(folder))
      .slice(0, 5)
      .join(', ');
  if (another !== undefined) throw new UsageError(`several runs in ${out} begin with "${name}": ${ids(fitting)}`);
  if (only !== undefined) return only;
  const latest = runs.length === 0 ? `there is no run in ${out}` : `the latest runs in ${out} are ${ids(runs)}`;
  throw new UsageError(`there is no run "${name}", neither a folder nor an id; ${latest}`);
}

/**
 * The last run, with the claims for --rerun-failed.
 * @throws UsageError if there is no run, or its evidence does not say which claims it selected
 */
export function formerRun(out: string): FormerRun {
  const folder = lastRun(out);
  if (folder === undefined) throw new UsageError(`--rerun-failed: there is no earlier run in ${out}`);
  const records = readEvidence(join(folder, evidenceName), undefined, ({ kind }) => kind !== 'observation');
  const run = records.find((record) => record.kind === 'run');
  if (run?.selected === undefined) {
    throw new UsageError(
      `--rerun-failed: ${folder} does not say which claims it selected; run once without the option`,
    );
  }
  const { runId, choice, rerun, selected } = run;
  const open = new Set([...selected.filter(isOpenAfter(records)), ...(rerun?.left ?? [])]);
  return { runId, choice, open: [...open] };
}

/** Whether a claim is undecided. One without a verdict is; one that could not run there is not, since it would not run again. */
function isOpenAfter(records: readonly EvidenceRecord[]): (claim: string) => boolean {
  const verdicts = new Map<string, Verdict>();
  for (const record of records) if (record.kind === 'verdict') verdicts.set(record.claim, record.verdict);
  const skip = new Set<string>();
  for (const record of records) {
    if (record.kind === 'plan') for (const claim of record.claims) if (claim.skip) skip.add(claim.id);
  }
  return (claim) => !skip.has(claim) && !['passed', 'unsupported'].includes(verdicts.get(claim) ?? 'not-run');
}

/** A digest of a driver's content: it differs from that of another driver of the same name. */
export function driverDigest({ spec }: Driver): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16);
}

/**
 * What the evidence of a run says of the earlier run that it continues.
 * @param selected ids of the claims that this run judges
 * @throws UsageError if the mesh or the cluster is another one: what passed there shows nothing here
 */
export function rerunOf(
  former: FormerRun,
  { choice, driver }: Chosen,
  options: Pick<RunOptions, 'context' | 'out'>,
  selected: readonly string[],
): NonNullable<RunRecord['rerun']> {
  const { runId, choice: then } = former;
  const where = (mesh: string, provider: string, context?: string) =>
    `${mesh} on ${provider}${context === undefined ? '' : ` (context ${context})`}`;
  const context = choice.provider === 'existing' ? options.context : undefined;
  const here = where(driver.spec.name, choice.provider, context);
  const there = then === undefined ? here : where(then.mesh, then.provider, then.context);
  if (there !== here) {
    throw new UsageError(
      `--rerun-failed: the last run in ${options.out}, ${runId}, was of ${there}, and this one is of ${here}: ` +
        'name the same mesh and provider, or run without the option',
    );
  }
  const differs = then?.driver !== undefined && then.driver !== driverDigest(driver);
  return { of: runId, left: former.open.filter((claim) => !selected.includes(claim)), driverDiffers: differs };
}
