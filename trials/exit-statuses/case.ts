import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ended, StartOptions } from '../lib/program.ts';

/** One way to end, by the real program. */
export interface StatusCase {
  name: string;
  status: number;
  words: string[];
  options?: StartOptions;
  /** What it must print. */
  prints?: RegExp[];
  /** A text that the run must neither print nor leave in a file, and the folder to search for it. */
  hides?: { text: string; folder: string };
  /** Longest that it may take, ms. */
  withinMs?: number;
}

/** Each difference between how a program ended and what the case expects. */
export function faultsOf({ status, prints = [], hides, withinMs }: StatusCase, ended: Ended): string[] {
  const faults = ended.status === status ? [] : [`exits ${ended.status ?? ended.signal}, not ${status}`];
  for (const words of prints) if (!words.test(ended.text)) faults.push(`does not say ${words}`);
  if (hides !== undefined) {
    if (ended.text.includes(hides.text)) faults.push(`prints ${hides.text}`);
    for (const file of filesWith(hides.text, hides.folder)) faults.push(`writes ${hides.text} to ${file}`);
  }
  if (withinMs !== undefined && ended.ms > withinMs) faults.push(`takes ${Math.round(ended.ms)} ms`);
  return faults;
}

function filesWith(text: string, folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file, 'latin1').includes(text));
}
