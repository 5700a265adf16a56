import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The verdict of a claim in a cell, with the unchanged suite. */
export interface Unmutated {
  kind: 'unmutated';
  claim: string;
  cell: string;
  verdict: string;
}

/** The result for a claim without one of its assertions. */
export interface Mutant {
  kind: 'mutant';
  claim: string;
  /** Number of the assertion in its claim, from 1. */
  n: number;
  text: string;
  /** The cell with another verdict; absent if there is none. */
  noticed?: { cell: string; before: string; after: string };
  /** Number of cells with the same verdict. */
  alike: string[];
}

type Entry = (Unmutated | Mutant) & { suiteHash: string };

/** The results so far, one JSON line each. They count until something changes that a verdict depends on. */
export class MutantRecord {
  readonly #file: string;
  readonly #suiteHash: string;
  readonly #entries: (Unmutated | Mutant)[] = [];

  constructor(file: string, suiteHash: string) {
    this.#file = file;
    this.#suiteHash = suiteHash;
    mkdirSync(dirname(file), { recursive: true });
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    this.#entries = lines.map((line) => JSON.parse(line) as Entry).filter((entry) => entry.suiteHash === suiteHash);
  }

  unmutated(claim: string, cell: string): Unmutated | undefined {
    return this.#entries.find(
      (entry): entry is Unmutated => entry.kind === 'unmutated' && entry.claim === claim && entry.cell === cell,
    );
  }

  mutant(claim: string, n: number): Mutant | undefined {
    return this.#entries.find(
      (entry): entry is Mutant => entry.kind === 'mutant' && entry.claim === claim && entry.n === n,
    );
  }

  keep(entry: Unmutated | Mutant): void {
    this.#entries.push(entry);
    appendFileSync(this.#file, `${JSON.stringify({ ...entry, suiteHash: this.#suiteHash })}\n`);
  }
}
