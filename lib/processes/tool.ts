import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';

export interface ToolOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  /** Called with the process as soon as it has started; it leads a process group of its own. */
  child?: (pid: number, what: string) => void;
  input?: Uint8Array | string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Each line of standard error as it comes. */
  line?: (text: string) => void;
  /** Each line of standard output as it comes. */
  outputLine?: (text: string) => void;
  /** Also end what the tool leaves running in its process group. */
  endsGroup?: boolean;
}

export interface ToolResult {
  /** Absent if the tool did not end by itself. */
  exitCode?: number;
  stdout: Buffer;
  stderr: string;
  /** Why there is no exit code. */
  fault?: 'missing' | 'timeout' | 'aborted' | 'killed';
}

/** From SIGTERM to SIGKILL, ms: enough for a tool to release what it holds. */
const GRACE_MS = 3_000;
/** After a tool's end, for the rest of its group to close the output that it inherited, ms. */
const LINGER_MS = 1_000;

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
    ...(options.env ? { env: options.env } : {}),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const { pid } = child;
  if (pid !== undefined) options.child?.(pid, argv.join(' '));
  passLines(child.stderr, options.line);
  passLines(child.stdout, options.outputLine);

  let fault: 'timeout' | 'aborted' | undefined;
  let groupEnded: Promise<void> | undefined;
  const end = () => {
    if (pid !== undefined) groupEnded ??= endGroup(pid);
  };
  const stop = (why: 'timeout' | 'aborted') => {
    fault ??= why;
    end();
  };
  const abort = () => stop('aborted');
  const timer = setTimeout(() => stop('timeout'), options.timeoutMs);
  options.signal?.addEventListener('abort', abort, { once: true });
  let linger: NodeJS.Timeout | undefined;
  if (options.endsGroup) {
    child.once('exit', () => {
      linger = setTimeout(end, LINGER_MS);
    });
  }
  const result = await child;
  clearTimeout(timer);
  clearTimeout(linger);
  options.signal?.removeEventListener('abort', abort);
  if (options.endsGroup) end();
  await groupEnded;

  const output = { stdout: Buffer.from(result.stdout), stderr: Buffer.from(result.stderr).toString() };
  if (fault !== undefined) return { ...output, fault };
  if (result.code === 'ENOENT' || result.code === 'EACCES') return { ...output, fault: 'missing' };
  return result.exitCode === undefined ? { ...output, fault: 'killed' } : { ...output, exitCode: result.exitCode };
}

/** Ends a process group: SIGTERM, and SIGKILL to what is left after the grace. */
async function endGroup(leader: number): Promise<void> {
  if (!signalGroup(leader, 'SIGTERM')) return;
  for (let waited = 0; waited < GRACE_MS; waited += 50) {
    await pause(50);
    if (!signalGroup(leader, 0)) return;
  }
  signalGroup(leader, 'SIGKILL');
}

/** Signals a whole process group. @returns false if it is gone already, which is not an error */
export function signalGroup(leader: number, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Passes on the lines of a stream that are not blank, also the last one if nothing ends it. */
function passLines(stream: NodeJS.ReadableStream | null, line: ((text: string) => void) | undefined): void {
  if (stream === null || line === undefined) return;
  const pass = (text: string) => {
    if (text.trim() !== '') line(text.trimEnd());
  };
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    parts.forEach(pass);
  });
  stream.on('end', () => pass(rest));
}

/** The last lines of a tool's output, for a message. */
export function lastWords(result: ToolResult, lines = 6): string {
  const output = result.stderr.trim() === '' ? result.stdout.toString() : result.stderr;
  const why = result.fault === 'timeout' ? 'it did not end in time' : `exit ${result.exitCode ?? result.fault}`;
  return `${why}\n${output.trim().split('\n').slice(-lines).join('\n')}`;
}
