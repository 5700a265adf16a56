import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvidence, type Verdict } from '../../evidence/index.ts';
import { type CellPlan, type CellRun, driverText, granting, readRun, type Trouble } from '../../prove/index.ts';
import { type Performed, PROJECT, ProgramProcess } from './program-process.ts';

/** Longest that one cell may take. */
const DEADLINE_S = 600;
/** To end by itself after the deadline, s. */
const GRACE_S = 30;

/** Runs cells, each on a sandbox of its own, in as many processes as it is asked for at once. */
export class CellRunner {
  readonly #out: string;
  readonly #project: string;
  readonly #idle: ProgramProcess[] = [];
  readonly #all = new Set<ProgramProcess>();
  #isClosed = false;

  /**
   * @param out - the folder under which each cell has its own
   * @param project - folder of the program; this one's own unless told
   */
  constructor(out: string, project: string = PROJECT) {
    this.#out = out;
    this.#project = project;
  }

  /** Runs the program itself on one cell's sandbox, and reads what it left. */
  async run(plan: CellPlan): Promise<CellRun> {
    const folder = join(this.#out, 'cells', plan.case.name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const begun = performance.now();
    const { status, output } = await this.#perform(plan, folder);
    writeFileSync(join(folder, 'output.txt'), output);
    const run = newestRun(folder);
    const trouble = plan.case.kind === 'environment' ? troubleIn(run) : undefined;
    const evidence = join(run ?? folder, 'evidence.jsonl');
    const records = existsSync(evidence) ? readEvidence(evidence, () => undefined) : [];
    return {
      ...readRun(records, trouble),
      ...(plan.case.diskKiB === undefined ? {} : { verdicts: verdictsIn(output) }),
      status: status ?? 3,
      ms: Math.round(performance.now() - begun),
      folder: run ?? folder,
    };
  }

  /** Ends what is under way; settles when all processes are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map((each) => each.end()));
  }

  async #perform(plan: CellPlan, folder: string): Promise<Performed> {
    if (this.#isClosed) return { output: '' };
    const { diskKiB } = plan.case;
    const waiting = diskKiB === undefined ? this.#idle.pop() : undefined;
    const around = diskKiB === undefined ? [] : onSmallDisk(folder, diskKiB);
    const used = waiting ?? (await ProgramProcess.start({ project: this.#project, around }));
    this.#all.add(used);
    if (this.#isClosed) await used.end();
    const performed = await used.perform(wordsOf(plan, folder), (DEADLINE_S + GRACE_S) * 1_000);
    if (diskKiB !== undefined) await used.end();
    if (used.isOver) this.#all.delete(used);
    else this.#idle.push(used);
    return performed;
  }
}

function wordsOf({ case: each, claims }: CellPlan, folder: string): string[] {
  // Beside the folder, which may be given a disk of its own.
  const driver = `${folder}.yaml`;
  // A fault is certain sooner where a mesh is granted less time; right meshes get what the reference mesh declares.
  const config = `${folder}.options.yaml`;
  writeFileSync(config, "# A cell has the options of its command line, and none of this folder's meshproof.yaml.\n");
  writeFileSync(driver, driverText(each.kind === 'mesh' ? granting('2s', '2s') : undefined, each.driver));
  return [
    'run',
    '--provider=sandbox',
    `--mesh=${driver}`,
    '--set=reference.actAfter=50ms',
    ...(each.sets ?? []).map((pair) => `--set=${pair}`),
    ...(each.fault === undefined ? [] : [`--sandbox-fault=${each.fault}`]),
    `--claim=${claims.join(',')}`,
    `--deadline=${DEADLINE_S}s`,
    `--out=${folder}`,
    `--config=${config}`,
    ...(each.diskKiB === undefined ? [] : ['--json']),
  ];
}

/** Verdicts by claim from what a run printed: its evidence ends with its small disk. */
function verdictsIn(output: string): CellRun['verdicts'] {
  const [json = '{"claims":[]}'] = /^\{\n[\s\S]*?^\}$/m.exec(output) ?? [];
  const { claims } = JSON.parse(json) as { claims: { id: string; verdict: Verdict }[] };
  return Object.fromEntries(claims.map(({ id, verdict }) => [id, verdict]));
}

/**
 * Words that give a command a small file system of its own over the folder; it ends with the command. It is filled once a
 * claim has failed, whenever that is: a disk of a size that fits only just would be full sooner on a slow machine.
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

/** When the sandbox says that its fault began and ended. */
function troubleIn(run: string | undefined): Trouble | undefined {
  const file = join(run ?? '', 'sandbox.log');
  if (run === undefined || !existsSync(file)) return undefined;
  const log = readFileSync(file, 'utf8');
  const at = (word: string): number => Date.parse(new RegExp(`^(\\S+) fault ${word}$`, 'm').exec(log)?.[1] ?? '');
  const from = at('begins');
  if (Number.isNaN(from)) return undefined;
  const to = at('ends');
  return { from, to: Number.isNaN(to) ? Number.POSITIVE_INFINITY : to };
}
