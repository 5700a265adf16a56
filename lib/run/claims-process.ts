import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { builtFolder } from '../compiled/built.js';
import { type Handlers, SOCKET_VARIABLE, serveClaims } from '../judge/index.ts';
import { type CommandResult, runCommand } from '../processes/command.ts';
import { EnvironmentError, MeshproofError } from '../words/index.ts';
import { childNote, type RunContext } from './context.ts';
import { temporaryFolders } from './registry/store.ts';
import { endAll } from './take-down.ts';

/** Longest until jest asks for the claims, ms. On an idle machine it takes one second. */
const START_MS = 60_000;
/** Longest to wait for a killed jest, ms. */
const ENDED_MS = 5_000;

/** The process in which the claims' bodies run: jest. */
export interface ClaimsProcess {
  /** Lets the claims begin. */
  serve(handlers: Handlers): void;
  /** Settles when jest has ended. Its status is never a verdict. */
  ended: Promise<CommandResult>;
  kill(): void;
  /** Ends jest, if it has not ended, and the connection. */
  close(): Promise<void>;
}

/**
 * Starts jest before there is anything to judge, so that its start costs no time. Its requests wait until `serve` is called.
 * @param limitMs longest until it asks for the claims; then it is killed, and `ended` rejects with an error of the harness
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
  let timer: NodeJS.Timeout | undefined;
  const server = await serveClaims(
    socket.path,
    whenServed(served, () => clearTimeout(timer)),
  );
  const folder = join(await builtFolder(), 'claims');
  const killing = new AbortController();
  let isLate = false;
  timer = setTimeout(() => {
    isLate = true;
    killing.abort();
  }, limitMs);
  const ended = runJest(run, folder, server.path, killing.signal).then((end) => {
    clearTimeout(timer);
    if (!isLate) return end;
    const words = end.tail.length === 0 ? 'it printed nothing' : `its last lines:\n${end.tail.join('\n')}`;
    throw new MeshproofError('harness', `jest did not ask for the claims within ${limitMs / 1_000} s; ${words}`);
  });
  // The judge gets this error. Until then nobody waits for it.
  ended.catch((error: unknown) => run.log(`the claims' process: ${error}`));
  const kill = () => killing.abort();
  const gone = ended.catch(() => undefined);
  return {
    serve,
    ended,
    kill,
    close: () => {
      clearTimeout(timer);
      return endAll(run.log, [
        kill,
        () => server.close(),
        () => socket.remove(),
        // A killed jest ends in a moment. If it does not, the take-down must not wait for it.
        () => Promise.race([gone, new Promise((resolve) => setTimeout(resolve, ENDED_MS).unref())]),
      ]);
    },
  };
}

/** Handlers whose calls wait for the ones that do the work. `onCall` is called with each call. */
function whenServed(served: Promise<Handlers>, onCall: () => void): Handlers {
  const wait = (method: string | symbol) => async (params: unknown, claim: unknown) => {
    onCall();
    const handle = (await served)[method as keyof Handlers] as (params: unknown, claim: unknown) => Promise<unknown>;
    return handle(params, claim);
  };
  return new Proxy({} as Handlers, { get: (_, method) => wait(method) });
}

/** Runs jest on the claims that the runner serves at `socket`. @param folder the build's part for jest */
async function runJest(run: RunContext, folder: string, socket: string, signal: AbortSignal): Promise<CommandResult> {
  const argv = [
    process.execPath,
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    createRequire(import.meta.url).resolve('jest/bin/jest'),
    '--config',
    JSON.stringify(jestConfig(folder, join(run.registry.place, 'jest'))),
    '--runInBand',
    '--runTestsByPath',
    join(folder, 'claims.js'),
  ];
  const output = createWriteStream(join(run.folder.path, 'jest.log'));
  // A full disk shows in the evidence. Without jest's log, the run can go on.
  output.on('error', (error) => run.log(`jest.log: ${error.message}`));
  let pid: number | undefined;
  const end = await runCommand(argv, {
    cwd: folder,
    signal,
    env: {
      // Node's hooks are meant for the program that the user starts, and jest connects to nobody but the runner.
      NODE_OPTIONS: undefined,
      NODE_PATH: undefined,
      NODE_EXTRA_CA_CERTS: undefined,
      [SOCKET_VARIABLE]: socket,
      MESHPROOF_ALLURE_RESULTS: run.folder.allureResults,
      FORCE_COLOR: '0',
    },
    started: (started) => {
      pid = started;
      childNote(run)(started, 'jest');
    },
    discardOutput: true,
    line: (text) => {
      if (output.writable) output.write(`${text}\n`);
    },
  });
  output.end();
  if (pid !== undefined) run.registry.childEnded(pid);
  return end;
}

/**
 * jest runs one built file, which declares the claims in the plan's order and asks the runner for everything else. jest
 * transforms nothing, searches for nothing, and starts no other program: neither watchman nor find.
 * @param folder its path can have characters in it that are special in globs and patterns
 * @param cache for what jest needs again within a run
 */
function jestConfig(folder: string, cache: string): object {
  return {
    rootDir: folder,
    roots: [folder],
    // Not a glob, whose stars stop at a newline.
    testRegex: ['/claims\\.js$'],
    testPathIgnorePatterns: [],
    testEnvironment: join(folder, 'environment.js'),
    testEnvironmentOptions: { globalsCleanup: 'off' },
    // The runner limits every claim's time. jest must not end one without it.
    testTimeout: 24 * 3_600_000,
    forceExit: true,
    transform: {},
    cacheDirectory: cache,
    watchman: false,
    haste: { forceNodeFilesystemAPI: true },
  };
}

/** Longest path of a Unix socket, bytes. Linux allows 107, macOS 103. */
const LONGEST_SOCKET = 103;

/**
 * A place for the run's Unix socket: the first of the run's folders whose path is short enough, or else a temporary folder
 * that `clean` finds by the run's id in its name.
 * @param temporaries where temporary folders can be made, in order
 * @throws EnvironmentError where every path is too long
 */
export function socketPlace(
  folders: readonly string[],
  runId: string,
  temporaries: readonly string[] = temporaryFolders(runId),
): { path: string; remove(): void } {
  const path = folders.map(socketIn).find(fits);
  if (path !== undefined) return { path, remove: () => rmSync(path, { force: true }) };
  const temporary = temporaries.find((each) => fits(socketIn(each)));
  if (temporary === undefined) {
    const tried = [...folders, ...temporaries].join(', ');
    const message = `no folder has a path that is short enough for a Unix socket (${LONGEST_SOCKET} bytes): ${tried}`;
    throw new EnvironmentError(message, 'set TMPDIR or XDG_STATE_HOME to a folder with a short path');
  }
  mkdirSync(temporary, { mode: 0o700 });
  return { path: socketIn(temporary), remove: () => rmSync(temporary, { recursive: true, force: true }) };
}

function socketIn(folder: string): string {
  return join(folder, 'claims.sock');
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST_SOCKET;
}
