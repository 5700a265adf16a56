import { CommanderError } from 'commander';
import { coloursFor } from '../console/colours.ts';
import { exitStatus, explainError } from '../console/exit-status.ts';
import { listenToOutput, outputTrouble, outputWritten, print, printJson } from '../console/output.ts';
import { catchUnforeseen, unforeseenText, wasUnforeseen } from '../run/interrupt.ts';
import { redact } from '../words/index.ts';
import { asUsageError, buildProgram } from './program.ts';

/** Runs the program with the words of its command line, and sets the process's exit status. */
export async function main(argv: string[]): Promise<void> {
  // What this process makes is its own to read and to write, whatever the user's mask says of files for others.
  process.umask(process.umask() & 0o077);
  listenToOutput();
  catchUnforeseen();
  const status = await perform(argv);
  await outputWritten();
  const lost = outputTrouble();
  process.exitCode = lost === undefined ? status : withLostOutput(status, lost);
  // What an exception has left open would keep the process.
  if (wasUnforeseen()) process.exit();
}

/** The user does not have the answer. That is no success, and no fault of the mesh. */
function withLostOutput(status: number, lost: string): number {
  print(`meshproof: ${lost}\n  -> make room there, or send the output elsewhere\n`, process.stderr);
  return status === exitStatus.interrupted || status === exitStatus.wrongUse ? status : exitStatus.inconclusive;
}

/**
 * Does what the words of a command line say; more than once in a process if need be. What a subcommand needs is loaded
 * when it is called, so that help and wrong use are answered at once.
 * @returns the exit status
 */
export async function perform(argv: string[]): Promise<number> {
  let result: number = exitStatus.fine;
  const program = buildProgram(
    {
      async run(options) {
        await (await import('./selection.ts')).refuseWrongNames(options);
        if (options.list) return (await import('./list.ts')).listCommand(options);
        if (options.dryRun) return (await import('./dry-run.ts')).dryRunCommand(options);
        return (await import('./run.ts')).runCommand(options, argv);
      },
      doctor: async (options) => (await import('./doctor.ts')).doctorCommand(options),
      clean: async (options) => (await import('./clean.ts')).cleanCommand(options),
      report: async (options, run) => (await import('./report.ts')).reportCommand(options.out, run),
      prove: async (options) => (await import('./prove/prove.ts')).proveCommand(options),
      sandbox: async () => (await import('./sandbox.ts')).sandboxCommand(),
      faults: async (json) => (await import('./list.ts')).faultsCommand(json),
      meshes: async (json) => (await import('../driver-kit/meshes.ts')).meshesCommand(json),
      driverInit: async (file, flags) => (await import('../driver-kit/init.ts')).initCommand(file, flags),
      driverCheck: async (names, options) => (await import('../driver-kit/check.ts')).checkCommand(names, options),
      driverTest: async (options) => (await import('../driver-kit/test-command.ts')).testCommand(options),
    },
    (status) => {
      result = status;
    },
  );
  try {
    if (argv.length === 0) program.help();
    await program.parseAsync(argv, { from: 'user' });
    return result;
  } catch (error) {
    return error instanceof CommanderError && error.exitCode === 0 ? exitStatus.fine : complain(error, wantsJson(argv));
  }
}

/** Whether an error is told to a program, too. What stands in a file is not known where the options cannot be read. */
function wantsJson(argv: readonly string[]): boolean {
  const isSaid = argv.includes('--json') || /^(true|yes|on|1)$/i.test(process.env['MESHPROOF_JSON'] ?? '');
  return isSaid && !argv.includes('--no-json');
}

/** @param json also print an object on the standard output, which has none where an error comes before the result */
function complain(error: unknown, json: boolean): number {
  const { status, message, remedy, isDefect } = explainError(asUsageError(error));
  const told = { message: redact(message), remedies: remedy === undefined ? [] : redact(remedy).split('\n') };
  const colours = coloursFor(process.stderr);
  print(`${colours.red('meshproof:')} ${isDefect ? unforeseenText(error) : told.message}\n`, process.stderr);
  if (json) printJson({ status, error: told });
  for (const line of told.remedies) print(`  -> ${line}\n`, process.stderr);
  return status;
}
