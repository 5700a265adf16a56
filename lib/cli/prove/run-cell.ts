import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { PROJECT } from '../../compiled/built.js';
import { readEvidence, type Verdict } from '../../evidence/index.ts';
import { type CellPlan, type CellRun, readRun } from '../../prove/index.ts';
import { type Case, type DriverChange, type DriverFile, faultPeriodIn, timeLimits } from '../../sandbox/index.ts';
import { type Performed, ProgramProcess } from './program-process.ts';

/** Time limit of one cell, s; and where it judges claims one at a time. */
const DEADLINE_S = 600;
const SERIAL_DEADLINE_S = 7_200;
/** Time to end after that, s. */
const GRACE_S = 30;

/** Runs cells, each in its own sandbox. Calls at the same time use one process each. Later calls reuse them. */
export class CellRunner {
  readonly #out: string;
  readonly #project: string;
  readonly #idle: ProgramProcess[] = [];
  readonly #all = new Set<ProgramProcess>();
  #isClosed = false;

  /**
   * @param out - folder for the folders of all cells
   * @param project - folder of the program; default: this program's own
   */
  constructor(out: string, project: string = PROJECT) {
    this.#out = out;
    this.#project = project;
  }

  /**
   * Runs the program in the cell's sandbox, and reads its evidence.
   *
   * @param alone - claims to judge one at a time; default: all of the plan, side by side
   */
  async run(plan: CellPlan, alone?: string[]): Promise<CellRun> {
    const folder = join(this.#out, 'cells', `${plan.case.name}${alone === undefined ? '' : '.alone'}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const begun = performance.now();
    const { status, output } = await this.#perform(plan, folder, alone);
    writeFileSync(join(folder, 'output.txt'), output);
    const run = newestRun(folder);
    const period = plan.case.kind === 'environment-fault' ? faultPeriodOf(run) : undefined;
    const evidence = join(run ?? folder, 'evidence.jsonl');
    const records = existsSync(evidence) ? readEvidence(evidence, () => undefined) : [];
    return {
      ...readRun(records, period),
      ...(plan.case.diskKiB === undefined ? {} : { verdicts: verdictsIn(output) }),
      status: status ?? 3,
      ms: Math.round(performance.now() - begun),
      folder: run ?? folder,
    };
  }

  /** Interrupts all cells. Resolves when all processes have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map((each) => each.end()));
  }

  async #perform(plan: CellPlan, folder: string, alone?: string[]): Promise<Performed> {
    if (this.#isClosed) return { output: '' };
    const { diskKiB } = plan.case;
    const waiting = diskKiB === undefined ? this.#idle.pop() : undefined;
    const around = diskKiB === undefined ? [] : onSmallDisk(folder, diskKiB);
    const used = waiting ?? (await ProgramProcess.start({ project: this.#project, around }));
    this.#all.add(used);
    if (this.#isClosed) await used.end();
    const deadlineS = alone === undefined ? DEADLINE_S : SERIAL_DEADLINE_S;
    const argv = [...argumentsOf(plan.case, alone ?? plan.claims, folder), `--deadline=${deadlineS}s`];
    if (alone !== undefined) argv.push('--serial');
    const performed = await used.perform(argv, (deadlineS + GRACE_S) * 1_000);
    if (diskKiB !== undefined) await used.end();
    if (used.isOver) this.#all.delete(used);
    else this.#idle.push(used);
    return performed;
  }
}

function argumentsOf(each: Case, claims: string[], folder: string): string[] {
  // Beside the folder: the folder may become a mount point.
  const driver = `${folder}.yaml`;
  const config = `${folder}.options.yaml`;
  writeFileSync(config, "# Empty, so that the cell ignores the current folder's meshproof.yaml.\n");
  // A fault shows after both time limits, so faulty meshes get short ones. Others keep those of the reference driver.
  const limits = each.kind === 'faulty-mesh' ? timeLimits('2s', '2s') : undefined;
  writeFileSync(driver, driverText(limits, each.driver));
  return [
    'run',
    '--provider=sandbox',
    `--mesh=${driver}`,
    '--set=reference.actAfter=50ms',
    ...(each.sets ?? []).map((pair) => `--set=${pair}`),
    ...(each.fault === undefined ? [] : [`--sandbox-fault=${each.fault}`]),
    `--claim=${claims.join(',')}`,
    `--out=${folder}`,
    `--config=${config}`,
    ...(each.diskKiB === undefined ? [] : ['--json']),
  ];
}

/** Verdicts by claim, from the output of a run with --json. Its evidence is gone with its small disk. */
function verdictsIn(output: string): CellRun['verdicts'] {
  const [json = '{"claims":[]}'] = /^\{\n[\s\S]*?^\}$/m.exec(output) ?? [];
  const { claims } = JSON.parse(json) as { claims: { id: string; verdict: Verdict }[] };
  return Object.fromEntries(claims.map(({ id, verdict }) => [id, verdict]));
}

/**
 * The command that mounts a small file system on the folder for the command after it, and fills it once a claim has
 * failed. A disk that is just too small would fill up earlier on a slow machine.
 */
function onSmallDisk(folder: string, kib: number): string[] {
  const script = `mount -t tmpfs -o size="$1"k tmpfs "$2" || exit
folder=$2
shift 2
{
  while kill -0 $$ 2> /dev/null && ! grep -qs '"verdict":"failed"' "$folder"/*/evidence.jsonl; do sleep 0.1; done
  cat /dev/zero > "$folder/filled" 2> /dev/null
} &
exec "$@"`;
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', String(kib), folder];
}

function newestRun(folder: string): string | undefined {
  const runs = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return runs.length === 0 ? undefined : runs.map(({ name }) => join(folder, name)).at(-1);
}

function faultPeriodOf(run: string | undefined): ReturnType<typeof faultPeriodIn> {
  const file = join(run ?? '', 'sandbox.log');
  return run === undefined || !existsSync(file) ? undefined : faultPeriodIn(readFileSync(file, 'utf8'));
}

/** The text of the reference mesh's driver after some changes. */
export function driverText(...changes: (DriverChange | undefined)[]): string {
  const text = readFileSync(join(PROJECT, 'meshes/reference.yaml'), 'utf8');
  const driver = parse(text, { merge: true }) as DriverFile;
  for (const change of changes) change?.(driver);
  return stringify(driver, { aliasDuplicateObjects: false });
}
