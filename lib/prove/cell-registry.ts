import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CellPlan, CellResult } from './cells.ts';

/** What a cell was run with. */
export interface Origin {
  commit: string;
  /** Digest of everything that a verdict depends on. A cell counts as long as it is the same. */
  suiteHash: string;
}

type Entry = CellResult & Origin;

/** The cells so far, one JSON line each, so that `--resume` can go on with a matrix. */
export class CellRegistry {
  readonly #file: string;
  readonly #origin: Origin;
  readonly #known = new Map<string, CellResult>();

  constructor(file: string, origin: Origin) {
    this.#file = file;
    this.#origin = origin;
    mkdirSync(dirname(file), { recursive: true });
    for (const entry of existsSync(file) ? readEntries(file) : []) {
      if (entry.suiteHash === origin.suiteHash) this.#known.set(keyOf(entry), entry);
    }
  }

  /** The last result of the cell, if nothing was wrong and nothing has changed since. */
  find({ case: { name }, suites, alone }: CellPlan): CellResult | undefined {
    const result = this.#known.get(keyOf({ name, suites, alone }));
    return result?.wrong === undefined ? result : undefined;
  }

  add(result: CellResult): void {
    this.#known.set(keyOf(result), result);
    appendFileSync(this.#file, `${JSON.stringify({ ...result, ...this.#origin })}\n`);
  }
}

interface CellKey {
  name: string;
  suites?: string[] | undefined;
  alone?: string[] | object | undefined;
}

/** Tells apart the cells of one case. @param alone - the claims that were also judged one at a time, or their verdicts */
function keyOf({ name, suites, alone }: CellKey): string {
  const claims = Array.isArray(alone) ? alone : Object.keys(alone ?? {});
  return [name, suites?.join(',') ?? 'quick', ...[...claims].sort()].join(' ');
}

/** Skips lines that are damaged or unfinished: their cells run again. */
function readEntries(file: string): Entry[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const entry: unknown = JSON.parse(line);
        return isEntry(entry) ? [entry] : [];
      } catch {
        return [];
      }
    });
}

function isEntry(value: unknown): value is Entry {
  const entry = value as Partial<Entry> | null;
  return typeof entry === 'object' && typeof entry?.name === 'string' && typeof entry.suiteHash === 'string';
}
