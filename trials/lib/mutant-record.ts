import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a claim came to in a cell, the suite as it is. */
export interface Unmutated {
  kind: 'unmutated';
  claim: string;
  cell: string;
  verdict: string;
}

/** What came of a claim from which one assertion was taken out. */
export interface Mutant {
  kind: 'mutant';
  claim: string;
  /** Which of the claim's assertions, from 1 on. */
  n: number;
  text: string;
  /** The cell that came out differently; absent where all came out as before. */
  noticed?: { cell: string; before: string; after: string };
  /** Cells that came out as before. */
  alike: string[];
}

type Entry = (Unmutated | Mutant) & { suiteHash: string };

/** What was found out so far, one JSON line each; it counts as long as nothing has changed that a verdict depends on. */
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
