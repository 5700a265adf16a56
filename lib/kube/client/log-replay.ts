/** Nanoseconds since 1970. */
export type Stamp = bigint;

const second = 1_000_000_000n;
const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /;

/** Splits a line of a log with time stamps; undefined for one without, which is not the container's but the node's own. */
export function readLine(line: string): { stamp: Stamp; text: string } | undefined {
  const match = pattern.exec(line);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms)) return undefined;
  const stamp = BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
  return { stamp, text: line.slice(match[0].length) };
}

/**
 * Drops the lines that come again when a log is taken up after a break. A log can be asked for from a whole second on only,
 * and stdout's and stderr's stamps may be a little out of order; so lines are told apart by stamp and text, counted,
 * over the last two seconds, not by `later than the last`.
 */
export class LogReplay {
  /** Per second, each line and how often it was seen. */
  readonly #seen = new Map<bigint, Map<string, number>>();
  #expected = new Map<string, number>();
  /** The earliest stamp of the first reading. */
  #first: Stamp | undefined;
  #resumed = false;
  #newest: bigint | undefined;

  /** From when on the log is to be asked for, RFC 3339; absent before the first line. */
  get since(): string | undefined {
    if (this.#newest === undefined) return undefined;
    return new Date(Number(this.#newest - 1n) * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  /** The log is asked for again: what was seen since `since` is going to come once more. */
  resume(): void {
    this.#resumed = this.#first !== undefined;
    this.#expected = new Map();
    for (const lines of this.#seen.values()) {
      for (const [line, count] of lines) this.#expected.set(line, (this.#expected.get(line) ?? 0) + count);
    }
  }

  /** True for a line that has not been told yet. What is older than the first reading is another container's. */
  isNew(stamp: Stamp, line: string): boolean {
    if (this.#resumed && this.#first !== undefined && stamp < this.#first) return false;
    const again = this.#expected.get(line) ?? 0;
    if (again > 0) {
      this.#expected.set(line, again - 1);
      return false;
    }
    if (this.#first === undefined || stamp < this.#first) this.#first = stamp;
    this.#remember(stamp / second, line);
    return true;
  }

  #remember(at: bigint, line: string): void {
    if (this.#newest === undefined || at > this.#newest) this.#newest = at;
    const lines = this.#seen.get(at) ?? new Map<string, number>();
    lines.set(line, (lines.get(line) ?? 0) + 1);
    this.#seen.set(at, lines);
    for (const old of this.#seen.keys()) if (old < this.#newest - 1n) this.#seen.delete(old);
  }
}
