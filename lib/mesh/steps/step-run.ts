import { redact, toolRemedy } from '../../words/index.ts';
import type { RunStep } from '../driver.ts';
import { type DoneStep, type MeshContext, MeshError } from '../mesh.ts';
import { durationMs } from '../template/duration.ts';
import { type CommandEnd, runCommand } from './command.ts';

/** Runs a driver's command, placeholders filled in. @throws MeshError with argv, exit status and the end of the output */
export async function runStep({ run, pipe, within, blame }: RunStep, context: MeshContext): Promise<DoneStep> {
  const timeoutMs = durationMs(within, context.timeoutScale);
  const whose = blame ?? 'environment';
  const line = (text: string): void => context.reporter.output(redact(text));
  const begun = performance.now();
  const end = await runTool(run, timeoutMs, context, pipe === undefined ? { line } : {});
  if (end.exit !== 0) throw failure(run, end, timeoutMs, whose);
  if (pipe === undefined) return { run, exit: 0 };

  const left = Math.max(1, timeoutMs - (performance.now() - begun));
  const piped = await runTool(pipe, left, context, { line, input: `${end.stdout}\n` });
  if (piped.exit !== 0) throw failure(pipe, piped, timeoutMs, whose);
  return { run, pipe, exit: 0 };
}

/**
 * Runs a command with the run's kubeconfig, printed before it starts.
 * @throws MeshError if the program is not there, or the run was stopped
 */
export async function runTool(
  run: readonly string[],
  timeoutMs: number,
  context: MeshContext,
  io: { line?: (text: string) => void; input?: string } = {},
): Promise<CommandEnd> {
  const argv = run.map(String);
  context.reporter.command(argv.map(redact));
  const end = await runCommand(argv, {
    env: { KUBECONFIG: context.kubeconfig },
    timeoutMs,
    signal: context.signal,
    started: (pid) => context.child(pid, argv[0] ?? ''),
    ...io,
  });
  if (end.cut === 'missing') {
    throw new MeshError(
      'environment',
      `the driver needs ${argv[0]}, which is not on the PATH`,
      toolRemedy(argv[0] ?? ''),
    );
  }
  if (end.cut === 'aborted') throw new MeshError('environment', `stopped while this ran: ${commandLine(argv)}`);
  return end;
}

function failure(argv: readonly string[], end: CommandEnd, timeoutMs: number, whose: MeshError['whose']): MeshError {
  const how = { timeout: `did not end within ${timeoutMs / 1000} s`, signal: 'was killed by a signal' };
  const what = end.cut === 'timeout' || end.cut === 'signal' ? how[end.cut] : `ended with status ${end.exit}`;
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
