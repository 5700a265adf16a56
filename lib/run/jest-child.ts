import { createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { execa } from 'execa';
import { builtFolder, withoutHooks } from '../compiled/built.js';
import { SOCKET_VARIABLE } from '../judge/index.ts';
import { childNote, type RunContext } from './context.ts';

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
