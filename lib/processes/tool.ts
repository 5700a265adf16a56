import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';

export interface ToolOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  /** Told of the process as soon as there is one; it leads a process group of its own. */
  child?: (pid: number, what: string) => void;
  input?: Uint8Array;
  /** Each line of standard error as it comes. */
  line?: (text: string) => void;
}

export interface ToolResult {
  /** Absent where the tool did not come to an end of its own. */
  exitCode?: number;
  stdout: Buffer;
  stderr: string;
  /** Why there is no exit code. */
  fault?: 'missing' | 'timeout' | 'aborted' | 'killed';
}

/** From asking a process group to end until it is killed. */
const GRACE_MS = 2_000;

/**
 * Runs a tool in a process group of its own, so that a signal meant for this program does not reach it, and so that all
 * that it starts can be ended with it. Never rejects.
 */
export async function runTool(argv: readonly [string, ...string[]], options: ToolOptions): Promise<ToolResult> {
  if (options.signal?.aborted) return { stdout: Buffer.alloc(0), stderr: '', fault: 'aborted' };
  const [file, ...args] = argv;
  const child = execa(file, args, {
    detached: true,
    reject: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    ...(options.input ? { input: options.input } : { stdin: 'ignore' as const }),
  });
  if (child.pid !== undefined) options.child?.(child.pid, argv.join(' '));
  const lines = options.line && lineSplitter(options.line);
  if (lines) child.stderr?.on('data', lines);

  let fault: 'timeout' | 'aborted' | undefined;
  let groupEnded: Promise<void> | undefined;
  const end = (why: 'timeout' | 'aborted') => {
    if (fault !== undefined) return;
    fault = why;
    if (child.pid !== undefined) groupEnded = endGroup(child.pid, child);
  };
  const abort = () => end('aborted');
  const timer = setTimeout(() => end('timeout'), options.timeoutMs);
  options.signal?.addEventListener('abort', abort, { once: true });
  const result = await child;
  await groupEnded;
  clearTimeout(timer);
  options.signal?.removeEventListener('abort', abort);

  const told = { stdout: Buffer.from(result.stdout), stderr: Buffer.from(result.stderr).toString() };
  if (fault !== undefined) return { ...told, fault };
  if (result.code === 'ENOENT') return { ...told, fault: 'missing' };
  return result.exitCode === undefined ? { ...told, fault: 'killed' } : { ...told, exitCode: result.exitCode };
}

/** Asks first; whatever of the group has not followed by the time that the tool is over, or the grace is, is killed. */
async function endGroup(leader: number, over: Promise<unknown>): Promise<void> {
  signalGroup(leader, 'SIGTERM');
  await Promise.race([over, pause(GRACE_MS, undefined, { ref: false })]);
  signalGroup(leader, 'SIGKILL');
}

/** Signals a whole process group; one that is gone already is no error. */
export function signalGroup(leader: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // The group is gone already, which is what the signal was for.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function lineSplitter(line: (text: string) => void): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.trim() !== '') line(part.trimEnd());
  };
}

/** The last lines of what a tool said, for a message. */
export function lastWords(result: ToolResult, lines = 6): string {
  const said = result.stderr.trim() === '' ? result.stdout.toString() : result.stderr;
  const why = result.fault === 'timeout' ? 'it did not end in time' : `exit ${result.exitCode ?? result.fault}`;
  return `${why}\n${said.trim().split('\n').slice(-lines).join('\n')}`;
}
