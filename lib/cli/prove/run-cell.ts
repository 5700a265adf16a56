import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readEvidence } from '../../evidence/index.ts';
import { type CellPlan, type CellRun, driverText, granting, readRun, type Trouble } from '../../prove/index.ts';

const PROGRAM = fileURLToPath(new URL('../../../bin/meshproof.js', import.meta.url));
/** Longest that one cell may take. */
const DEADLINE_S = 420;
/** To end and tidy up by itself after the deadline, s. */
const GRACE_S = 30;

/** Runs the program itself on one cell's sandbox, and reads what it left. */
export async function runCell(plan: CellPlan, out: string, signal: AbortSignal): Promise<CellRun> {
  const folder = join(out, 'cells', plan.case.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const begun = performance.now();
  const argv = commandOf(plan, folder);
  const [file = '', ...rest] = plan.case.diskKiB === undefined ? argv : onSmallDisk(argv, folder, plan.case.diskKiB);
  const { exitCode, all } = await execa(file, rest, {
    all: true,
    reject: false,
    stdin: 'ignore',
    // In a group of its own: Ctrl-C reaches it once, through the signal, and not a second time from the terminal.
    detached: true,
    cancelSignal: signal,
    gracefulCancel: false,
    killSignal: 'SIGTERM',
    forceKillAfterDelay: GRACE_S * 1_000,
    timeout: (DEADLINE_S + GRACE_S) * 1_000,
    maxBuffer: 4_000_000,
  });
  writeFileSync(join(folder, 'output.txt'), all ?? '');
  const run = newestRun(folder);
  const trouble = plan.case.kind === 'environment' ? troubleIn(run) : undefined;
  const evidence = join(run ?? folder, 'evidence.jsonl');
  const records = existsSync(evidence) ? readEvidence(evidence, () => undefined) : [];
  return {
    ...readRun(records, trouble),
    status: exitCode ?? 3,
    ms: Math.round(performance.now() - begun),
    folder: run ?? folder,
  };
}

function commandOf({ case: each, claims }: CellPlan, folder: string): string[] {
  const driver = join(folder, 'driver.yaml');
  // A fault is certain sooner where a mesh is granted less time; right meshes get what the reference mesh declares.
  writeFileSync(driver, driverText(each.kind === 'mesh' ? granting('3s', '4s') : undefined, each.driver));
  return [
    process.execPath,
    PROGRAM,
    'run',
    '--provider=sandbox',
    `--mesh=${driver}`,
    '--set=reference.actAfter=50ms',
    ...(each.sets ?? []).map((pair) => `--set=${pair}`),
    ...(each.fault === undefined ? [] : [`--sandbox-fault=${each.fault}`]),
    `--claim=${claims.join(',')}`,
    `--deadline=${DEADLINE_S}s`,
    `--out=${folder}`,
  ];
}

/** The same command with a small file system of its own over the folder; it ends with the command. */
function onSmallDisk(argv: string[], folder: string, kib: number): string[] {
  const script = 'mount -t tmpfs -o size="$1"k tmpfs "$2" && shift 2 && cp "$1" "$2" && shift 2 && exec "$@"';
  const kept = join(folder, '..', 'disk-full-driver.yaml');
  writeFileSync(kept, readFileSync(join(folder, 'driver.yaml')));
  const driver = join(folder, 'driver.yaml');
  return [
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    String(kib),
    folder,
    kept,
    driver,
    ...argv,
  ];
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
