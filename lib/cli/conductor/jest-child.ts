import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { SOCKET_VARIABLE } from '../../claim/index.ts';
import { childNote, type RunContext } from './context.ts';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

export interface JestChild {
  /** Settles when jest is over; `status` is absent where a signal ended it. What it says is never a verdict. */
  ended: Promise<{ status?: number; tail: string }>;
  kill(): void;
}

/** Starts jest, in a process group of its own, on the claims that the conductor serves at `socket`. */
export function startJest(run: RunContext, socket: string): JestChild {
  const argv = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--config',
    'lib/cli/jest/jest.config.js',
    '--runInBand',
  ];
  const output = createWriteStream(`${run.folder.path}/jest.log`);
  const child = execa(process.execPath, argv, {
    cwd: PROJECT,
    detached: true,
    cleanup: false,
    reject: false,
    stdin: 'ignore',
    all: true,
    env: {
      [SOCKET_VARIABLE]: socket,
      MESHPROOF_ALLURE_RESULTS: run.folder.allureResults,
      FORCE_COLOR: '0',
      // Node reads them at its start, and jest speaks to nobody but the conductor.
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
    if (pid !== undefined) run.ledger.childEnded(pid);
    return {
      ...(exitCode === undefined ? {} : { status: exitCode }),
      tail: (all ?? '').split('\n').slice(-20).join('\n'),
    };
  })();
  return { ended, kill };
}
