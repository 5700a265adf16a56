import type { Duplex } from 'node:stream';
import { execa } from 'execa';
import { pollUntil } from '../polling/poll-until.ts';
import { Lines } from './lines.ts';

export interface CommandOptions {
  /** Default: none. */
  timeoutMs?: number;
  /** Ends the command. */
  signal?: AbortSignal;
  /** Added to this process's environment; undefined removes a variable. */
  env?: Record<string, string | undefined>;
  /** Working folder; default: this process's. */
  cwd?: string;
  /** Standard input; default: none. */
  input?: string | Uint8Array;
  /** Of stdout and stderr; `latin1` keeps every byte. */
  encoding?: 'utf8' | 'latin1';
  /** Called with the process id when the command has started. The process leads a process group, unless `interactive`. */
  started?(pid: number, command: string): void;
  /** Called with each line of stdout and stderr as it comes. */
  line?(text: string): void;
  /** Give the output to `line` only, and keep none: for a command that runs as long as the program. */
  discardOutput?: boolean;
  /** Gets a pipe that goes both ways: the command has it as its file descriptor 3. Only with `discardOutput`. */
  channel?(pipe: Duplex): void;
  /** Show standard error to the user as well. */
  showStderr?: boolean;
  /** The command may read from the terminal, and so stays in this program's process group. */
  interactive?: boolean;
  /** Leave running what the command leaves behind in its group, such as a browser. */
  leaveOthers?: boolean;
}

export interface CommandResult {
  /** Absent if the command did not end by itself. */
  exitCode?: number;
  /** Why there is no exit code. */
  fault?: 'missing' | 'unstartable' | 'timeout' | 'aborted' | 'killed';
  /** How it ended, for people: `exit status 3`, `signal SIGKILL`, `no end within 20 s`. */
  how: string;
  /** Without the final line end, unless in `latin1`. */
  stdout: string;
  stderr: string;
  /** The last lines of stdout and stderr, as they came. */
  tail: string[];
}

const TAIL_LINES = 20;
const MAX_OUTPUT = 32 * 1024 * 1024;
/** From SIGTERM to SIGKILL: enough for a command to release what it holds. */
const GRACE_MS = 3_000;
/** After the command itself has ended, for the rest of its group to close the output that it inherited. */
const LINGER_MS = 1_000;

/**
 * Runs a command to its end, without a shell, in a process group of its own: Ctrl-C in the terminal does not reach it. When
 * the time is over or the signal fires, the group gets SIGTERM and then SIGKILL. Never rejects.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [file = '', ...args] = argv;
  if (options.signal?.aborted) return { fault: 'aborted', how: 'interrupted', stdout: '', stderr: '', tail: [] };
  const child = execa(file, args, {
    detached: !options.interactive,
    reject: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    buffer: !options.discardOutput,
    maxBuffer: MAX_OUTPUT,
    stdio: [
      options.interactive ? 'inherit' : options.input === undefined ? 'ignore' : 'pipe',
      'pipe',
      options.showStderr ? ['pipe', 'inherit'] : 'pipe',
      ...(options.channel ? ['pipe' as const] : []),
    ],
    ...(options.input !== undefined && { input: options.input }),
    ...(options.env && { env: options.env }),
    ...(options.cwd && { cwd: options.cwd }),
  });
  const { pid, stdout, stderr } = child;
  if (pid !== undefined) options.started?.(pid, argv.join(' '));
  options.channel?.(child.stdio[3] as Duplex);
  const tail: string[] = [];
  const allLines = [stdout, stderr].map((stream) => {
    const lines = new Lines((text) => {
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
      options.line?.(text);
    });
    stream.on('data', (chunk: Buffer) => lines.push(chunk));
    return lines;
  });

  let fault: 'timeout' | 'aborted' | undefined;
  let ending: Promise<void> | undefined;
  const end = async (target: number) => {
    await endProcess(target);
    // A process that has left the group may still hold them.
    stdout.destroy();
    stderr.destroy();
  };
  const endAll = () => {
    if (pid !== undefined) ending ??= end(options.interactive ? pid : -pid);
  };
  const stop = (why: 'timeout' | 'aborted') => () => {
    fault ??= why;
    endAll();
  };
  const abort = stop('aborted');
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(stop('timeout'), options.timeoutMs);
  options.signal?.addEventListener('abort', abort, { once: true });
  let linger: NodeJS.Timeout | undefined;
  if (!options.leaveOthers) {
    child.once('exit', () => {
      linger = setTimeout(endAll, LINGER_MS);
    });
  }

  const result = await child;
  for (const lines of allLines) lines.end();
  clearTimeout(timer);
  clearTimeout(linger);
  options.signal?.removeEventListener('abort', abort);
  if (!options.leaveOthers) endAll();
  await ending;
  const text = (bytes: Uint8Array = Buffer.alloc(0)) => {
    const all = Buffer.from(bytes).toString(options.encoding);
    return options.encoding === 'latin1' ? all : all.replace(/\r?\n$/, '');
  };
  return { ...outcomeOf(result, fault, options), stdout: text(result.stdout), stderr: text(result.stderr), tail };
}

interface Ended {
  exitCode?: number | undefined;
  signal?: string | undefined;
  code?: string | undefined;
  shortMessage?: string | undefined;
}

function outcomeOf(
  { exitCode, signal, code, shortMessage = 'it failed' }: Ended,
  fault: 'timeout' | 'aborted' | undefined,
  { timeoutMs = 0 }: CommandOptions,
): Pick<CommandResult, 'exitCode' | 'fault' | 'how'> {
  if (fault === 'timeout') return { fault, how: `no end within ${timeoutMs / 1_000} s` };
  if (fault === 'aborted') return { fault, how: 'interrupted' };
  if (exitCode !== undefined) return { exitCode, how: `exit status ${exitCode}` };
  if (signal !== undefined) return { fault: 'killed', how: `signal ${signal}` };
  return { fault: code === 'ENOENT' ? 'missing' : 'unstartable', how: shortMessage };
}

/** Ends a process, or a process group by its negative id. Returns when it is gone or has got SIGKILL. */
async function endProcess(target: number): Promise<void> {
  if (!send(target, 'SIGTERM')) return;
  const gone = async () => (send(target, 0) ? undefined : true);
  const isGone = await pollUntil(gone, { everyMs: 50, timeoutMs: GRACE_MS });
  if (!isGone) send(target, 'SIGKILL');
}

/** Signals a process, or a group by its negative id. @returns false if it no longer exists */
function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** How a command ended and the last lines of its output, for a message. */
export function lastLines({ how, stdout, stderr }: CommandResult, count = 6): string {
  const output = stderr.trim() === '' ? stdout : stderr;
  return `${how}\n${output.trim().split('\n').slice(-count).join('\n')}`;
}
