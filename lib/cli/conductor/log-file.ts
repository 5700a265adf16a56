import { appendFileSync } from 'node:fs';
import { redact } from '../../words/index.ts';

/** The run's own log: what the harness and its tools said, with the run's clock in seconds. */
export type Log = (line: string) => void;

/** @param clock ms since the run's start */
export function openLog(file: string, clock: () => number): Log {
  return (line) => {
    const stamp = (clock() / 1000).toFixed(2).padStart(9);
    try {
      appendFileSync(file, `${stamp}  ${redact(line)}\n`);
    } catch (error) {
      // A full disk shows in the evidence, which is what counts; a log line is not worth the run.
      process.emitWarning(`meshproof.log: ${error instanceof Error ? error.message : error}`);
    }
  };
}
