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
      if (entry.suiteHash === origin.suiteHash) this.#known.set(keyOf(entry.name, entry.suites), entry);
    }
  }

  /** The last result of the cell, if nothing was wrong and nothing has changed since. */
  find({ case: { name }, suites }: CellPlan): CellResult | undefined {
    const result = this.#known.get(keyOf(name, suites));
    return result?.wrong === undefined ? result : undefined;
  }

  add(result: CellResult): void {
    this.#known.set(keyOf(result.name, result.suites), result);
    appendFileSync(this.#file, `${JSON.stringify({ ...result, ...this.#origin })}\n`);
  }
}

function keyOf(name: string, suites: string[] | undefined): string {
  return `${name} ${suites?.join(',') ?? 'quick'}`;
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
