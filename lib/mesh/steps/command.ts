import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'node:util';
import { execa } from 'execa';

/** How a command ended. */
export interface CommandEnd {
  /** Absent where it was killed or never started. */
  exit?: number;
  stdout: string;
  /** The last lines of stdout and stderr, as they came. */
  tail: string[];
  /** Why there is no exit status: the time was over, the run was stopped, the program is not there, a signal came. */
  cut?: 'timeout' | 'aborted' | 'missing' | 'signal';
}

export interface CommandOptions {
  env: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
  started(pid: number): void;
  line?(text: string): void;
  /** What the program reads; nothing unless told. */
  input?: string;
}

/** Lines of output that an error message carries. */
const tailLines = 20;
const maxOutput = 32 * 1024 * 1024;
/** From SIGTERM to SIGKILL: enough for a tool to release what it holds. */
const graceMs = 3000;
/** For the rest of a command's group, once the command itself has ended, to close the output that it inherited. */
const lingerMs = 1000;

/**
 * Runs a program to its end, without a shell, in a process group of its own. The group is ended (SIGTERM, SIGKILL) when
 * the time is over or the signal comes, and what is left of it when the program itself has ended. Never rejects for what
 * the program does.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  const [program = '', ...args] = argv;
  if (options.signal.aborted) return { stdout: '', tail: [], cut: 'aborted' };
  const tail: string[] = [];
  const tap = function* (line: unknown) {
    const text = String(line);
    tail.push(text);
    if (tail.length > tailLines) tail.shift();
    options.line?.(text);
    yield line;
  };
  const child = execa(program, args, {
    detached: true,
    reject: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    stdout: ['pipe', tap],
    stderr: ['pipe', tap],
    env: options.env,
    maxBuffer: maxOutput,
  });
  const { pid } = child;
  if (pid !== undefined) options.started(pid);

  let cut: CommandEnd['cut'];
  let ending: Promise<void> | undefined;
  const end = (): void => {
    if (pid !== undefined) ending ??= endGroup(pid);
  };
  const stop = (why: CommandEnd['cut']) => (): void => {
    cut ??= why;
    end();
  };
  const onAbort = stop('aborted');
  options.signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(stop('timeout'), options.timeoutMs);
  let linger: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    linger = setTimeout(end, lingerMs);
  });

  const result = await child;
  for (const pending of [timer, linger]) clearTimeout(pending);
  options.signal.removeEventListener('abort', onAbort);
  end();
  await ending;

  const stdout = typeof result.stdout === 'string' ? result.stdout : '';
  if (cut !== undefined) return { stdout, tail, cut };
  if (result.exitCode !== undefined) return { exit: result.exitCode, stdout, tail };
  return { stdout, tail, cut: result.code === 'ENOENT' || result.code === 'EACCES' ? 'missing' : 'signal' };
}

/** Ends what is left of a process group; returns when it is gone or has been sent SIGKILL. */
async function endGroup(leader: number): Promise<void> {
  if (!send(leader, 'SIGTERM')) return;
  for (let waited = 0; waited < graceMs; waited += 50) {
    await sleep(50);
    if (!send(leader, 0)) return;
  }
  send(leader, 'SIGKILL');
}

/** False if there is nobody in the group any more. */
function send(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
