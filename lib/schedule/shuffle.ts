import { createHash } from 'node:crypto';

/** The same words in an order drawn by the seed: the same for the same seed, on every machine. */
export function shuffled<T>(items: readonly T[], seed: string, key: (item: T) => string): T[] {
  const drawn = new Map(
    items.map((item) => [
      item,
      createHash('sha256')
        .update(`${seed}\0${key(item)}`)
        .digest('hex'),
    ]),
  );
  return [...items].sort((a, b) => ((drawn.get(a) ?? '') < (drawn.get(b) ?? '') ? -1 : 1));
}
