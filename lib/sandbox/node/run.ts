import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** Time limit for a command of the node, ms. All of them take milliseconds. */
const LIMIT_MS = 20_000;

/** A command ended with another status than 0. */
export class CommandFailed extends Error {
  override name = 'CommandFailed';
}

/**
 * Runs a command of the machine, and answers its output.
 *
 * @param stdin - text for its standard input
 * @throws CommandFailed with the command's output if it does not end with status 0 within 20 s
 */
export async function run(argv: readonly [string, ...string[]], stdin = ''): Promise<string> {
  const [command, ...args] = argv;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal));
  });
  // A command may end without reading its input. Its status says why.
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(stdin);
  const [status, printed, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (status !== 0) {
    throw new CommandFailed(`${argv.join(' ')} ended with ${status}: ${complaint.trim() || printed.trim()}`);
  }
  return printed;
}
