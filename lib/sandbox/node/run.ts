import { execFile } from 'node:child_process';

/** Time limit for a command of the node, ms. All of them take milliseconds. */
const LIMIT_MS = 20_000;

/**
 * Runs a command of the machine, and answers its output.
 *
 * @param stdin - text for its standard input
 * @throws Error with the command's output if it does not end with status 0 within 20 s
 */
export function run([command, ...args]: readonly [string, ...string[]], stdin = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout: LIMIT_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${[command, ...args].join(' ')} failed: ${stderr.trim() || stdout.trim() || error}`));
    });
    // A command may end without reading its input. Its status says why.
    child.stdin?.on('error', () => child.stdin?.destroy());
    child.stdin?.end(stdin);
  });
}
