/**
 * A process that runs the program again and again, so that its sources are loaded and warm for every cell but the first:
 * loading them takes longer than most cells do. It reads command lines from its standard input, a JSON array each, and
 * ends with it. After each it prints a line of NUL and the exit status.
 */
import { createInterface } from 'node:readline';
import { listenToOutput } from '../../console/output.ts';
import { watchUnforeseen } from '../../run/unforeseen.ts';
import { perform } from '../main.ts';

listenToOutput();
watchUnforeseen();
// Each run's console listens for an end of its reader, until the process ends.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
// The run that is under way cleans up and ends; then there is nothing left to do.
process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM'));

for await (const line of createInterface({ input: process.stdin })) {
  const status = await perform(JSON.parse(line) as string[]);
  process.stdout.write(`\0${status}\n`);
}
process.exit();
