/**
 * Runs the program again and again in one process, because loading it takes longer than most cells. Reads one command
 * line per line of its standard input, as a JSON array, and ends with its input. After each it prints a line of NUL and
 * the exit status.
 */
import { createInterface } from 'node:readline';
import { listenToOutput } from '../../console/output.ts';
import { catchUnforeseen } from '../../run/interrupt.ts';
import { perform } from '../main.ts';

listenToOutput();
catchUnforeseen();
// The console of each run adds a listener, and they stay until the process ends.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
// The current run cleans up and ends. Then nothing is left to do.
process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM'));

for await (const line of createInterface({ input: process.stdin })) {
  const status = await perform(JSON.parse(line) as string[]);
  process.stdout.write(`\0${status}\n`);
}
process.exit();
