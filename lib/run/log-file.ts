import { appendFileSync } from 'node:fs';
import { withoutColours } from '../console/colours.ts';
import { printable, redact } from '../words/index.ts';
import type { Unwritten } from './unwritten.ts';

/** The run's own log: what the harness and its tools said, with the run's clock in seconds. */
export type Log = (line: string) => void;

/**
 * @param clock ms since the run's start
 * @param unwritten told where a line cannot be written, which does not end the run
 */
export function openLog(file: string, clock: () => number, unwritten: Unwritten): Log {
  return (line) => {
    const stamp = (clock() / 1000).toFixed(2).padStart(9);
    try {
      appendFileSync(file, `${stamp}  ${printable(redact(withoutColours(line)))}\n`);
    } catch (error) {
      unwritten.note(file, error);
    }
  };
}
