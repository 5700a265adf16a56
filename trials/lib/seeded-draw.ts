import { createHash } from 'node:crypto';

/** Random numbers: the same seed and question give the same number on every machine. */
export interface SeededDraw {
  /** From 0 up to 1. */
  fraction(question: string): number;
  one<T>(question: string, among: readonly [T, ...T[]]): T;
}

export function seededDraw(seed: string): SeededDraw {
  const fraction = (question: string) =>
    createHash('sha256').update(`${seed}\0${question}`).digest().readUInt32BE(0) / 2 ** 32;
  return {
    fraction,
    one: (question, among) => among[Math.floor(fraction(question) * among.length)] ?? among[0],
  };
}
