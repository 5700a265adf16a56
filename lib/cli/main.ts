import { CommanderError } from 'commander';
import { coloursFor } from '../console/colours.ts';
import { exitStatus, explainError } from '../console/exit-status.ts';
import { listenToOutput, lostOutput, outputWritten, print, printJson } from '../console/output.ts';
import { catchUnforeseen, unforeseenText, wasUnforeseen } from '../run/interrupt.ts';
import { redact } from '../words/index.ts';
import { asUsageError, buildProgram } from './program.ts';

/** Runs the program with the words of a command line, and sets the process's exit status. */
export async function main(argv: string[]): Promise<void> {
  // This process must be able to read and write what it makes, whatever the user's mask.
  process.umask(process.umask() & 0o077);
  listenToOutput();
  catchUnforeseen();
  const status = await perform(argv);
  await outputWritten();
  const lost = lostOutput();
  process.exitCode = lost === undefined ? status : withLostOutput(status, lost);
  // End here: after an exception, open handles would keep the process alive.
  if (wasUnforeseen()) process.exit();
}

/** The user did not get the result. That is no success, and not the mesh's fault. */
function withLostOutput(status: number, lost: string): number {
  print(`meshproof: ${lost}\n  -> make room there, or send the output elsewhere\n`, process.stderr);
  return status === exitStatus.interrupted || status === exitStatus.wrongUse ? status : exitStatus.inconclusive;
}

/**
 * Runs one command line; a process can call it several times. A subcommand's modules are loaded when it is called, so that
 * help and wrong use are answered at once.
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
        return (await import('./run.ts')).runSuites(options, argv);
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

/** Whether an error is also printed as JSON. The options' file is not considered: the error can be in it. */
function wantsJson(argv: readonly string[]): boolean {
  const isGiven = argv.includes('--json') || /^(true|yes|on|1)$/i.test(process.env['MESHPROOF_JSON'] ?? '');
  return isGiven && !argv.includes('--no-json');
}

/** Prints an error. @param json also print it as an object on standard output, which has no result then */
function complain(error: unknown, json: boolean): number {
  const { status, message, remedy, isDefect } = explainError(asUsageError(error));
  const explained = { message: redact(message), remedies: remedy === undefined ? [] : redact(remedy).split('\n') };
  const colours = coloursFor(process.stderr);
  print(`${colours.red('meshproof:')} ${isDefect ? unforeseenText(error) : explained.message}\n`, process.stderr);
  if (json) printJson({ status, error: explained });
  for (const line of explained.remedies) print(`  -> ${line}\n`, process.stderr);
  return status;
}
