import { type CommandResult, runCommand } from '../../processes/command.ts';
import { redact, toolRemedy } from '../../words/index.ts';
import type { RunStep } from '../driver.ts';
import { MeshError } from '../errors.ts';
import type { DoneStep, MeshContext } from '../mesh.ts';
import { durationMs } from '../template.ts';

/** Runs a driver's command, placeholders filled in. @throws MeshError with argv, exit status and the end of the output */
export async function runStep({ run, pipe, within, blame }: RunStep, context: MeshContext): Promise<DoneStep> {
  const timeoutMs = durationMs(within, context.timeoutScale);
  const whose = blame ?? 'environment';
  const line = (text: string): void => context.reporter.output(redact(text));
  const begun = performance.now();
  const end = await runDriverCommand(run, timeoutMs, context, pipe === undefined ? { line } : {});
  if (end.exitCode !== 0) throw failure(run, end, timeoutMs, whose);
  if (pipe === undefined) return { run, exit: 0 };

  const left = Math.max(1, timeoutMs - (performance.now() - begun));
  const piped = await runDriverCommand(pipe, left, context, { line, input: `${end.stdout}\n` });
  if (piped.exitCode !== 0) throw failure(pipe, piped, timeoutMs, whose);
  return { run, pipe, exit: 0 };
}

/**
 * Prints a command and runs it with the run's kubeconfig, without a shell.
 * @throws MeshError if the program is missing, or the run was stopped
 */
export async function runDriverCommand(
  words: readonly string[],
  timeoutMs: number,
  context: MeshContext,
  io: { line?: (text: string) => void; input?: string } = {},
): Promise<CommandResult> {
  // A placeholder may have given a number.
  const argv = words.map(String);
  const [program = ''] = argv;
  context.reporter.command(argv.map(redact));
  const result = await runCommand(argv, {
    env: { KUBECONFIG: context.kubeconfig },
    timeoutMs,
    signal: context.signal,
    started: (pid) => context.child(pid, program),
    ...io,
  });
  if (result.fault === 'missing' || result.fault === 'unstartable') {
    const message = `the driver needs ${program}, which is not on the PATH`;
    throw new MeshError('environment', message, toolRemedy(program));
  }
  if (result.fault === 'aborted') throw new MeshError('environment', `stopped while this ran: ${commandLine(words)}`);
  return result;
}

function failure(
  argv: readonly string[],
  { fault, exitCode, tail }: CommandResult,
  timeoutMs: number,
  whose: MeshError['whose'],
): MeshError {
  const how = { timeout: `did not end within ${timeoutMs / 1000} s`, killed: 'was killed by a signal' };
  const what = fault === 'timeout' || fault === 'killed' ? how[fault] : `ended with status ${exitCode}`;
  const output = tail.length === 0 ? ['(no output)'] : tail.map(redact);
  return new MeshError(whose, [`${commandLine(argv)} ${what}:`, ...output].join('\n  '));
}

/** A command for people to read and to copy. */
export function commandLine(argv: readonly unknown[]): string {
  return argv
    .map((word) => redact(String(word)))
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
