import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** How often a file is looked at that another process writes, ms. */
export const LOOK_MS = 5;

/** Through which of its two doors the program is entered. */
export type Door = 'bin' | 'npm';

export interface StartOptions {
  /** Set in the program's environment besides this process's own; undefined takes a variable away. */
  environment?: Record<string, string | undefined>;
  door?: Door;
  /** Longest that it may take until it is killed, ms. */
  limitMs?: number;
  /** Where the program is started; the project's folder unless told. */
  folder?: string;
  /** A command that is given the program's own as its last words, and becomes it. */
  through?: readonly string[];
}

export interface Ended {
  /** Absent where a signal ended it. */
  status?: number;
  signal?: string;
  /** What it printed, both streams in order. */
  text: string;
  ms: number;
}

export interface Started {
  pid: number;
  ended: Promise<Ended>;
  /** True once it is over. */
  isOver(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Nobody reads any more what it prints. */
  hangUp(): void;
}

const LIMIT_MS = 20 * 60_000;

/** Programs that have not ended. A script that is told to end tells them, so that they clean up, and ends after them. */
const underWay = new Set<PromiseLike<unknown> & { kill(signal: 'SIGINT'): boolean }>();
for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, async () => {
    // A script may have an end of its own.
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
      // npm hands signals on only where they reach its whole group, as a terminal sends them.
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

/** The folder that a run which was just started makes in `reports`; undefined where it ends without one. */
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
