import { runTool, type ToolResult } from '../../processes/tool.ts';
import { redact, toolRemedy } from '../../words/index.ts';
import type { RunStep } from '../driver.ts';
import { MeshError } from '../errors.ts';
import type { DoneStep, MeshContext } from '../mesh.ts';
import { durationMs } from '../template.ts';

/** Lines of output that an error message carries. */
const tailLines = 20;

/** How a driver's command ended. */
export interface CommandEnd {
  /** Absent if it did not end by itself. */
  exit?: number;
  stdout: string;
  /** The last lines of stdout and stderr, as they came. */
  tail: string[];
  /** Why there is no exit status. */
  fault?: Exclude<ToolResult['fault'], 'missing' | 'aborted' | undefined>;
}

/** Runs a driver's command, placeholders filled in. @throws MeshError with argv, exit status and the end of the output */
export async function runStep({ run, pipe, within, blame }: RunStep, context: MeshContext): Promise<DoneStep> {
  const timeoutMs = durationMs(within, context.timeoutScale);
  const whose = blame ?? 'environment';
  const line = (text: string): void => context.reporter.output(redact(text));
  const begun = performance.now();
  const end = await runCommand(run, timeoutMs, context, pipe === undefined ? { line } : {});
  if (end.exit !== 0) throw failure(run, end, timeoutMs, whose);
  if (pipe === undefined) return { run, exit: 0 };

  const left = Math.max(1, timeoutMs - (performance.now() - begun));
  const piped = await runCommand(pipe, left, context, { line, input: end.stdout });
  if (piped.exit !== 0) throw failure(pipe, piped, timeoutMs, whose);
  return { run, pipe, exit: 0 };
}

/**
 * Prints a command and runs it with the run's kubeconfig, without a shell.
 * @throws MeshError if the program is missing, or the run was stopped
 */
export async function runCommand(
  words: readonly string[],
  timeoutMs: number,
  context: MeshContext,
  { line, input }: { line?: (text: string) => void; input?: string } = {},
): Promise<CommandEnd> {
  // A placeholder may have given a number.
  const [program = '', ...args] = words.map(String);
  context.reporter.command([program, ...args].map(redact));
  const tail: string[] = [];
  const onLine = (text: string): void => {
    tail.push(text);
    if (tail.length > tailLines) tail.shift();
    line?.(text);
  };
  const { exitCode, stdout, fault } = await runTool([program, ...args], {
    env: { KUBECONFIG: context.kubeconfig },
    timeoutMs,
    signal: context.signal,
    child: (pid) => context.child(pid, program),
    line: onLine,
    outputLine: onLine,
    endsGroup: true,
    ...(input === undefined ? {} : { input }),
  });
  if (fault === 'missing') {
    const message = `the driver needs ${program}, which is not on the PATH`;
    throw new MeshError('environment', message, toolRemedy(program));
  }
  if (fault === 'aborted') throw new MeshError('environment', `stopped while this ran: ${commandLine(words)}`);
  const output = { stdout: stdout.toString(), tail };
  if (fault !== undefined) return { ...output, fault };
  return exitCode === undefined ? output : { ...output, exit: exitCode };
}

function failure(argv: readonly string[], end: CommandEnd, timeoutMs: number, whose: MeshError['whose']): MeshError {
  const what =
    end.fault === 'timeout'
      ? `did not end within ${timeoutMs / 1000} s`
      : end.fault === 'killed'
        ? 'was killed by a signal'
        : `ended with status ${end.exit}`;
  const output = end.tail.length === 0 ? ['(no output)'] : end.tail.map(redact);
  return new MeshError(whose, [`${commandLine(argv)} ${what}:`, ...output].join('\n  '));
}

/** A command for people to read and to copy. */
export function commandLine(argv: readonly unknown[]): string {
  return argv
    .map((word) => redact(String(word)))
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
