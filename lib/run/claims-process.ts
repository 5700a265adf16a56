import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { execa } from 'execa';
import { builtFolder, withoutHooks } from '../compiled/built.js';
import { type Handlers, SOCKET_VARIABLE, serveClaims } from '../judge/index.ts';
import { EnvironmentError, MeshproofError } from '../words/index.ts';
import { childNote, type RunContext } from './context.ts';
import { temporaryFolders } from './registry/store.ts';
import { endAll } from './take-down.ts';

/** Longest until jest asks for the claims, ms. On an idle machine it takes one second. */
const START_MS = 60_000;

/** The process in which the claims' bodies run. */
export interface ClaimsProcess {
  /** Lets the claims begin. */
  serve(handlers: Handlers): void;
  ended: JestChild['ended'];
  kill(): void;
  /** Ends it, if it has not ended, and its connection. */
  close(): Promise<void>;
}

/**
 * Starts it while there is nothing to judge yet: what it asks for waits until somebody serves it, and its start costs no time.
 * @param limitMs longest until it asks for the claims; later it is ended, and `ended` rejects with an error of the harness
 */
export async function openClaims(
  run: RunContext,
  limitMs = START_MS * run.options.timeoutScale,
): Promise<ClaimsProcess> {
  const socket = socketPlace([run.registry.place, run.folder.path], run.runId);
  let serve: (handlers: Handlers) => void = () => undefined;
  const served = new Promise<Handlers>((resolve) => {
    serve = resolve;
  });
  let begun: () => void = () => undefined;
  const server = await serveClaims(
    socket.path,
    later(served, () => begun()),
  );
  const jest = await startJest(run, server.path);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    jest.kill();
  }, limitMs);
  begun = () => clearTimeout(timer);
  const ended = (async () => {
    const end = await jest.ended;
    clearTimeout(timer);
    if (!isLate) return end;
    const words = end.tail === '' ? 'it printed nothing' : `its last words: ${end.tail}`;
    throw new MeshproofError(
      'harness',
      `jest did not ask for the claims within ${limitMs / 1_000} s, and was ended; ${words}`,
    );
  })();
  // Told once the claims are judged; nobody waits for it until then.
  ended.catch((error: unknown) => run.log(`the claims' process: ${error}`));
  return {
    serve,
    ended,
    kill: () => jest.kill(),
    close: () => {
      clearTimeout(timer);
      return endAll(run.log, [
        () => jest.kill(),
        () => server.close(),
        () => socket.remove(),
        // Killed, it is gone in a moment; were it not, its entry would stay, and the take-down must not wait for it.
        () => Promise.race([jest.ended, new Promise((resolve) => setTimeout(resolve, ENDED_MS).unref())]),
      ]);
    },
  };
}

/** Longest that a killed jest is waited for, ms. */
const ENDED_MS = 5_000;

/** Handlers that wait for those who do the work. `begun` is called with each call. */
function later(served: Promise<Handlers>, begun: () => void): Handlers {
  const wait = (method: string | symbol) => async (params: unknown, claim: unknown) => {
    begun();
    const handle = (await served)[method as keyof Handlers] as (params: unknown, claim: unknown) => Promise<unknown>;
    return handle(params, claim);
  };
  return new Proxy({} as Handlers, { get: (_, method) => wait(method) });
}

export interface JestChild {
  /** Settles when jest is over; `status` is absent where a signal ended it. What it says is never a verdict. */
  ended: Promise<{ status?: number; tail: string }>;
  kill(): void;
}

/**
 * How jest runs claims: one built file, which declares them in the plan's order and asks the runner for everything else.
 * jest transforms nothing, looks for nothing, and asks no other program: neither watchman nor find.
 * @param folder the build's part for jest. Its path may hold characters that globs and patterns read as their own
 * @param cache where jest keeps what it needs again within a run
 */
function configuration(folder: string, cache: string): object {
  return {
    rootDir: folder,
    roots: [folder],
    // Not a glob, whose stars stop at a newline.
    testRegex: ['/claims\\.js$'],
    testPathIgnorePatterns: [],
    testEnvironment: join(folder, 'environment.js'),
    testEnvironmentOptions: { globalsCleanup: 'off' },
    // The runner bounds every claim; jest's own limit could only end one behind its back.
    testTimeout: 24 * 3_600_000,
    forceExit: true,
    transform: {},
    cacheDirectory: cache,
    watchman: false,
    haste: { forceNodeFilesystemAPI: true },
  };
}

/** Starts jest, in a process group of its own, on the claims that the runner serves at `socket`. */
export async function startJest(run: RunContext, socket: string): Promise<JestChild> {
  const folder = join(await builtFolder(), 'claims');
  const cache = join(run.registry.place, 'jest');
  const argv = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    createRequire(import.meta.url).resolve('jest/bin/jest'),
    '--config',
    JSON.stringify(configuration(folder, cache)),
    '--runInBand',
    '--runTestsByPath',
    join(folder, 'claims.js'),
  ];
  const output = createWriteStream(`${run.folder.path}/jest.log`);
  const child = execa(process.execPath, argv, {
    cwd: folder,
    detached: true,
    cleanup: false,
    reject: false,
    stdin: 'ignore',
    all: true,
    extendEnv: false,
    env: {
      ...withoutHooks(process.env),
      [SOCKET_VARIABLE]: socket,
      MESHPROOF_ALLURE_RESULTS: run.folder.allureResults,
      FORCE_COLOR: '0',
      // Node reads them at its start, and jest speaks to nobody but the runner.
      NODE_EXTRA_CA_CERTS: undefined,
    },
  });
  output.on('error', (error) => {
    // A full disk shows in the evidence; what jest says is not worth the run. Unread, it would keep jest from ending.
    run.log(`jest.log: ${error.message}`);
    child.all.resume();
  });
  child.all.pipe(output);
  const { pid } = child;
  if (pid !== undefined) childNote(run)(pid, 'jest');
  const kill = () => {
    if (pid === undefined || child.exitCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      run.log(`jest was over before it was ended: ${error instanceof Error ? error.message : error}`);
    }
  };
  const ended = (async () => {
    const { exitCode, all } = await child;
    output.end();
    if (pid !== undefined) run.registry.childEnded(pid);
    return {
      ...(exitCode === undefined ? {} : { status: exitCode }),
      tail: (all ?? '').split('\n').slice(-20).join('\n'),
    };
  })();
  return { ended, kill };
}

/** Bytes. Linux allows 107, macOS 103. */
const LONGEST = 103;

/** A place for the run's Unix socket. */
export interface SocketPlace {
  path: string;
  remove(): void;
}

/**
 * In the run's own folders, the first whose path is short enough. Where none is, in a temporary folder whose name follows
 * from the run's id, so that `clean` finds it after a kill.
 * @param temporaries where temporary folders can be made, in order
 * @throws EnvironmentError where every path is too long
 */
export function socketPlace(
  folders: readonly string[],
  runId: string,
  temporaries: readonly string[] = temporaryFolders(runId),
): SocketPlace {
  const path = folders.map(socketIn).find(fits);
  if (path !== undefined) return { path, remove: () => rmSync(path, { force: true }) };
  const temporary = temporaries.find((each) => fits(socketIn(each)));
  if (temporary === undefined) {
    const tried = [...folders, ...temporaries].join(', ');
    const message = `no folder has a path that is short enough for a Unix socket (${LONGEST} bytes): ${tried}`;
    throw new EnvironmentError(message, 'set TMPDIR or XDG_STATE_HOME to a folder with a short path');
  }
  mkdirSync(temporary, { mode: 0o700 });
  return { path: socketIn(temporary), remove: () => rmSync(temporary, { recursive: true, force: true }) };
}

function socketIn(folder: string): string {
  return join(folder, 'claims.sock');
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST;
}
