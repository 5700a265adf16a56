import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { missingForSandbox } from '../sandbox/index.ts';

// Each is a real run in a sandbox. It takes some seconds, and several times as long on a busy machine.
jest.setTimeout(120_000);
const describeSandbox = (await missingForSandbox()).length === 0 ? describe : describe.skip;

const program = resolve(import.meta.dirname, '../../bin/meshproof.js');
/** Two claims that fail, since no mesh refuses anything. */
const FAILING = [
  'run',
  '--provider',
  'sandbox',
  '--mesh',
  'none',
  '--claim',
  'permissive/off-closes,egress/off-closes',
];
const PASSING = ['run', '--provider', 'sandbox', '--claim', 'permissive/enrolment'];

let folder: string;
let reports: string;
let started: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-end-'));
  reports = join(folder, 'reports');
  for (const name of ['tmp', 'state']) mkdirSync(join(folder, name));
  started = [];
});
afterEach(() => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  text: string;
}

interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** What it has printed so far. */
  text(): string;
}

interface Ways {
  environment?: NodeJS.ProcessEnv;
  around?: string[];
  /** Destination of standard output, instead of the test. */
  stdout?: string;
}

function start(words: string[], { environment = {}, around = [], stdout }: Ways = {}): Running {
  const [command = '', ...args] = [...around, process.execPath, program, ...words];
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('MESHPROOF_'));
  const own = { XDG_STATE_HOME: join(folder, 'state'), TMPDIR: join(folder, 'tmp'), NO_COLOR: '1' };
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...Object.fromEntries(clean), ...own, ...environment },
    stdio: ['ignore', stdout === undefined ? 'pipe' : openSync(stdout, 'w'), 'pipe'],
  });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const ended = once(child, 'close').then(([status, signal]): Ended => ({ status, signal, text }));
  return { child, ended, text: () => text };
}

/** Waits until a run's evidence matches some words. @returns its folder */
async function until(running: Running, words: RegExp): Promise<string> {
  for (;;) {
    if (running.child.exitCode !== null) throw new Error(`it ended before:\n${running.text()}`);
    for (const name of existsSync(reports) ? readdirSync(reports) : []) {
      const file = join(reports, name, 'evidence.jsonl');
      if (existsSync(file) && words.test(readFileSync(file, 'utf8'))) return join(reports, name);
    }
    await pause(20);
  }
}

/** What the runs left outside of their reports. */
function left(): string[] {
  const files = (under: string) =>
    readdirSync(join(folder, under), { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  // Users need the last defect's stack to report it.
  const state = files('state').filter(({ name }) => name !== 'defect.log');
  return [...state, ...readdirSync(join(folder, 'tmp'))].map((each) =>
    typeof each === 'string' ? each : join(each.parentPath, each.name),
  );
}

/** Makes the program run code with an uncaught error. */
function withDefect(code: string): NodeJS.ProcessEnv {
  const file = join(folder, 'defect.mjs');
  writeFileSync(file, `if (process.argv[1]?.endsWith('bin/meshproof.js')) { ${code} }\n`);
  return { NODE_OPTIONS: `--import=${file}` };
}

/** Code that does something as soon as the run's evidence has some words. */
function whenRecorded(words: string, code: string): string {
  return `
    const fs = await import('node:fs');
    const timer = setInterval(() => {
      const [run = ''] = fs.existsSync('${reports}') ? fs.readdirSync('${reports}') : [];
      const file = '${reports}/' + run + '/evidence.jsonl';
      if (!fs.existsSync(file) || !fs.readFileSync(file, 'utf8').includes('${words}')) return;
      clearInterval(timer);
      ${code};
    }, 20);
    timer.unref();`;
}

describeSandbox('a run cleans up and does not blame the mesh', () => {
  it('if its reports are removed after a failed claim', async () => {
    const running = start([...FAILING, '--out', reports]);
    await until(running, /"kind":"verdict"/);
    // The run still writes there, so the folder could get new files for as long as its removal takes.
    renameSync(reports, `${reports}-removed`);
    rmSync(`${reports}-removed`, { recursive: true, maxRetries: 20, retryDelay: 10 });
    const { status, text } = await running.ended;
    expect(text).toMatch(/evidence\.jsonl is incomplete: it was deleted or replaced.*\n.*--out/);
    expect(text).toMatch(/2 failed/);
    expect({ status, left: left() }).toEqual({ status: 3, left: [] });
  });

  it('if a file is in the place of its folder', async () => {
    const running = start([...FAILING, '--out', reports]);
    const own = await until(running, /"phase":"fixtures"/);
    rmSync(own, { recursive: true, maxRetries: 20, retryDelay: 10 });
    writeFileSync(own, '');
    const { status, text } = await running.ended;
    expect(text).toMatch(/evidence\.jsonl is incomplete/);
    expect({ status, left: left() }).toEqual({ status: 3, left: [] });
  });

  it('if its disk is full after a failed claim', async () => {
    mkdirSync(reports);
    const script = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"';
    const around = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, reports];
    // In the program's own namespace, where the small disk is.
    const fill = `try { for (;;) fs.appendFileSync('${reports}/full', 'x'.repeat(512)); } catch {}`;
    const { status, text } = await start([...FAILING, '--out', reports], {
      around,
      environment: withDefect(whenRecorded('"kind":"verdict"', fill)),
    }).ended;
    expect(text).toMatch(/is incomplete: ENOSPC[\s\S]*make room there/);
    expect({ status, left: left() }).toEqual({ status: 3, left: [] });
  });

  it('if nothing can be printed', async () => {
    const { status, text } = await start([...FAILING, '--out', reports], { stdout: '/dev/full' }).ended;
    expect(text).toMatch(/^meshproof: standard output cannot be written: ENOSPC.*\n {2}-> make room/);
    expect({ status, left: left() }).toEqual({ status: 3, left: [] });
    const [run = ''] = readdirSync(reports);
    expect(readFileSync(join(reports, run, 'summary.md'), 'utf8')).toMatch(/\*\*2\*\* failed \(exit status 3\)/);
  });

  it.each([
    ['an exception', "throw new TypeError('uncaught')"],
    ['a rejection', "void Promise.reject(new TypeError('uncaught'))"],
  ])('after %s that is not caught', async (_, code) => {
    const { status, text } = await start([...PASSING, '--repeat', '20', '--out', reports], {
      environment: withDefect(whenRecorded('"phase":"fixtures"', code)),
    }).ended;
    expect(text).toContain('meshproof itself failed: TypeError: uncaught');
    expect(text).not.toMatch(/\n\s+at /);
    expect({ status, left: left() }).toEqual({ status: 3, left: [] });
    const [run = ''] = readdirSync(reports);
    expect(readFileSync(join(reports, run, 'meshproof.log'), 'utf8')).toMatch(/uncaught: TypeError[\s\S]*\n\s+at /);
    expect(existsSync(join(reports, run, 'junit.xml'))).toBe(true);
  });

  it('after a signal that closes the terminal, without a reader of its output', async () => {
    const running = start([...PASSING, '--repeat', '20', '--out', reports]);
    await until(running, /"phase":"suite"/);
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    running.child.kill('SIGHUP');
    const { status } = await running.ended;
    expect({ status, left: left() }).toEqual({ status: 130, left: [] });
  });

  it('if the folder for temporary files is removed meanwhile', async () => {
    const running = start([...PASSING, '--out', reports]);
    await until(running, /"phase":"cluster"/);
    rmSync(join(folder, 'tmp'), { recursive: true, maxRetries: 20, retryDelay: 10 });
    const { status } = await running.ended;
    mkdirSync(join(folder, 'tmp'), { recursive: true });
    expect({ status, left: left() }).toEqual({ status: 0, left: [] });
  });
});

describeSandbox('a sandbox that was killed', () => {
  it('leaves a kubeconfig that doctor names and clean removes', async () => {
    const running = start(['sandbox']);
    while (!running.text().includes('KUBECONFIG=')) await pause(20);
    running.child.kill('SIGKILL');
    await running.ended;
    const [, kubeconfig = ''] = /KUBECONFIG=(\S+)/.exec(running.text()) ?? [];
    expect(existsSync(kubeconfig)).toBe(true);

    expect((await start(['doctor']).ended).text).toContain(kubeconfig);
    const cleaned = await start(['clean']).ended;
    expect(cleaned.text).toContain(`removed ${kubeconfig}`);
    expect({ status: cleaned.status, left: left() }).toEqual({ status: 0, left: [] });
  });
});

describe('a subcommand that cannot print what was asked for ends with 3 and says so', () => {
  it.each([[['list']], [['doctor']], [['clean']], [['--help']], [['driver', 'check', 'osm']], [['driver', 'init']]])(
    '%j',
    async (words) => {
      const { status, text } = await start(words, { stdout: '/dev/full' }).ended;
      expect(text).toMatch(/^meshproof: standard output cannot be written: ENOSPC/);
      expect(status).toBe(3);
    },
  );

  it('unless its reader has ended', async () => {
    const { status } = await start(['list'], { around: ['sh', '-c', '"$@" | true; exit 0', 'sh'] }).ended;
    expect(status).toBe(0);
  });
});

it('a defect of a subcommand is one sentence and status 3, and its stack is kept', async () => {
  // As soon as the program handles uncaught errors.
  const defect = `setInterval(() => {
    if (process.listenerCount('uncaughtException') > 0) throw new TypeError('uncaught');
  }, 1);`;
  const { status, text } = await start(['list'], { environment: withDefect(defect) }).ended;
  expect(status).toBe(3);
  expect(text).toMatch(/meshproof itself failed: TypeError: uncaught\n {2}-> report it with \S+defect\.log\n$/);
  expect(readFileSync(join(folder, 'state/meshproof/defect.log'), 'utf8')).toContain('at ');
});
