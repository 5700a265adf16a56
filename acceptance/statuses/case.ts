import type { Ended, StartOptions } from '../lib/program.ts';

/** One way to end, by the real program. */
export interface StatusCase {
  name: string;
  status: number;
  words: string[];
  options?: StartOptions;
  /** What it must print. */
  says?: RegExp[];
  /** Longest that it may take, ms. */
  withinMs?: number;
}

/** What of a program's end is not as the case wants it. */
export function faultsOf({ status, says = [], withinMs }: StatusCase, ended: Ended): string[] {
  const faults = ended.status === status ? [] : [`exits ${ended.status ?? ended.signal}, not ${status}`];
  for (const words of says) if (!words.test(ended.text)) faults.push(`does not say ${words}`);
  if (withinMs !== undefined && ended.ms > withinMs) faults.push(`takes ${Math.round(ended.ms)} ms`);
  return faults;
}
