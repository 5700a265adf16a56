import { createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as lapse } from 'node:timers/promises';
import { builtFolder } from '../compiled/built.js';
import { type Handler, serveClaims } from '../judge/index.ts';
import { type CommandResult, runCommand } from '../processes/command.ts';
import { MeshproofError } from '../words/index.ts';
import { childNote, type RunContext } from './context.ts';

/** Longest until jest asks for the claims, ms. On an idle machine it takes one second. */
const START_MS = 60_000;
/** Longest to wait for a killed jest, ms. */
const ENDED_MS = 5_000;

/** The process in which the claims' bodies run: jest. */
export type ClaimsProcess = Awaited<ReturnType<typeof openClaims>>;

/**
 * Starts jest before there is anything to judge, so that its start costs no time. Its calls wait until `serve` is called.
 * @param limitMs longest until it asks for the claims; then it is killed, and `ended` rejects with an error of the harness
 */
export async function openClaims(run: RunContext, limitMs = START_MS * run.options.timeoutScale) {
  let serve: (handler: Handler) => void = () => undefined;
  const served = new Promise<Handler>((resolve) => {
    serve = resolve;
  });
  const folder = join(await builtFolder(), 'claims');
  const killing = new AbortController();
  const kill = () => killing.abort();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, limitMs);
  const ended = runJest(run, folder, killing.signal, (pipe) => {
    pipe.once('data', () => clearTimeout(timer));
    serveClaims(pipe, served);
  }).then((end) => {
    clearTimeout(timer);
    if (!isLate) return end;
    const words = end.tail.length === 0 ? 'it printed nothing' : `its last lines:\n${end.tail.join('\n')}`;
    throw new MeshproofError('harness', `jest did not ask for the claims within ${limitMs / 1_000} s; ${words}`);
  });
  // The judge gets this error. Until then nobody waits for it.
  ended.catch((error: unknown) => run.log(`the claims' process: ${error}`));
  return {
    /** Lets the claims begin. */
    serve,
    /** Settles when jest has ended. Its status is never a verdict. */
    ended,
    kill,
    /** Ends jest, if it has not ended. */
    async close(): Promise<void> {
      kill();
      // A killed jest ends in a moment. If it does not, the take-down must not wait for it.
      await Promise.race([ended.catch(() => undefined), lapse(ENDED_MS, undefined, { ref: false })]);
    },
  };
}

/** Runs jest. @param folder the build's part for it @param channel gets the pipe to it */
async function runJest(
  run: RunContext,
  folder: string,
  signal: AbortSignal,
  channel: (pipe: Duplex) => void,
): Promise<CommandResult> {
  const argv = [
    process.execPath,
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    createRequire(import.meta.url).resolve('jest/bin/jest'),
    '--config',
    JSON.stringify(jestConfig(folder, join(run.registry.place, 'jest'), run.folder.allureResults)),
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
    // Node's hooks are meant for the program that the user starts, and jest connects to nobody but the runner.
    env: { NODE_OPTIONS: undefined, NODE_PATH: undefined, NODE_EXTRA_CA_CERTS: undefined, FORCE_COLOR: '0' },
    started: (started) => {
      pid = started;
      childNote(run)(started, 'jest');
    },
    channel,
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
 * @param resultsDir for Allure's results
 */
function jestConfig(folder: string, cache: string, resultsDir: string): object {
  return {
    rootDir: folder,
    roots: [folder],
    // Not a glob, whose stars stop at a newline.
    testRegex: ['/claims\\.js$'],
    testPathIgnorePatterns: [],
    testEnvironment: join(folder, 'environment.js'),
    testEnvironmentOptions: { globalsCleanup: 'off', resultsDir },
    // The runner limits every claim's time. jest must not end one without it.
    testTimeout: 24 * 3_600_000,
    forceExit: true,
    transform: {},
    cacheDirectory: cache,
    watchman: false,
    haste: { forceNodeFilesystemAPI: true },
  };
}
