import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** Time between two reads of a file that another process writes, ms. */
export const LOOK_MS = 5;

/** Which of the two commands starts the program. */
export type Door = 'bin' | 'npm';

export interface StartOptions {
  /** Variables to add to this process's environment; undefined removes one. */
  environment?: Record<string, string | undefined>;
  door?: Door;
  /** Time limit, after which the program is killed, ms. */
  limitMs?: number;
  /** Working folder; default: the project's folder. */
  folder?: string;
  /** A command that runs the program: it gets the program's command line as its last arguments. */
  through?: readonly string[];
}

export interface Ended {
  /** Absent if a signal ended it. */
  status?: number;
  signal?: string;
  /** What it printed, both streams in order. */
  text: string;
  ms: number;
}

export interface Started {
  pid: number;
  ended: Promise<Ended>;
  /** True when it has ended. */
  isOver(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Stops reading what it prints. */
  hangUp(): void;
}

const LIMIT_MS = 20 * 60_000;

/**
 * Programs that have not ended. A signal to the script goes to them, so that they clean up. The script ends after them.
 */
const underWay = new Set<PromiseLike<unknown> & { kill(signal: 'SIGINT'): boolean }>();
for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, async () => {
    // A script may handle the signal itself.
    if (process.listenerCount(signal) > 0) return;
    for (const child of underWay) child.kill('SIGINT');
    await Promise.allSettled(underWay);
    process.exit(status);
  });
}

/** Starts `meshproof WORDS` by its bin, or, for a run, by `npm test`. */
export function start(words: readonly string[], options: StartOptions = {}): Started {
  const { environment = {}, door = 'bin', limitMs = LIMIT_MS, folder = PROJECT, through = [] } = options;
  const own =
    door === 'bin'
      ? [process.execPath, join(PROJECT, 'bin/meshproof.js'), ...words]
      : ['npm', '--prefix', PROJECT, 'test', '--', ...words.slice(words[0] === 'run' ? 1 : 0)];
  const [file = '', ...args] = [...through, ...own];
  const begun = performance.now();
  const env = { ...process.env, ...environment };
  const child = execa(file, args, {
    cwd: folder,
    env,
    extendEnv: false,
    detached: true,
    reject: false,
    all: true,
    stdin: 'ignore',
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  let over = false;
  underWay.add(child);
  const ended = (async (): Promise<Ended> => {
    const { exitCode, signal, all } = await child;
    over = true;
    underWay.delete(child);
    return {
      ...(exitCode === undefined ? {} : { status: exitCode }),
      ...(signal === undefined ? {} : { signal }),
      text: all ?? '',
      ms: performance.now() - begun,
    };
  })();
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} could not be started`);
  return {
    pid,
    ended,
    isOver: () => over,
    signal: (name) => {
      // npm passes on only signals to its whole process group, as a terminal sends them.
      if (!over) process.kill(door === 'npm' ? -pid : pid, name);
    },
    hangUp: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

/** Runs `meshproof WORDS` to its end. */
export function run(words: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(words, options).ended;
}

/** The folder that a new run creates in `reports`; undefined if the run ends without one. */
export async function runFolder(
  reports: string,
  known: ReadonlySet<string>,
  program: Started,
): Promise<string | undefined> {
  for (;;) {
    const wasOver = program.isOver();
    const made = runsIn(reports).find((name) => !known.has(name) && existsSync(join(reports, name, 'evidence.jsonl')));
    if (made !== undefined) return join(reports, made);
    if (wasOver) return undefined;
    await pause(LOOK_MS);
  }
}

/** The ids of the runs that have left a folder. */
export function runsIn(reports: string): string[] {
  return existsSync(reports) ? readdirSync(reports) : [];
}
