/**
 * A piece of work that ends with its parents or with its own time limit. Unlike AbortSignal.any it lets go of its parents
 * when it ends, so that a client which lives long does not collect listeners.
 */
export class Scope {
  readonly #controller = new AbortController();
  readonly #parents: AbortSignal[];
  readonly #abort = (): void => this.#controller.abort();
  readonly #timer: NodeJS.Timeout | undefined;
  #expired = false;
  #ended = false;

  constructor(parents: AbortSignal[], timeoutMs?: number) {
    this.#parents = parents;
    for (const parent of parents) {
      if (parent.aborted) this.#abort();
      else parent.addEventListener('abort', this.#abort, { once: true });
    }
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => setImmediate(() => this.#expire()), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True if the time limit, not a parent, ended the work. */
  get expired(): boolean {
    return this.#expired;
  }

  abort(): void {
    this.#abort();
  }

  /** The work is over: forgets time limit and parents without aborting anything. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const parent of this.#parents) parent.removeEventListener('abort', this.#abort);
  }

  /** Runs after a round of input, so that an answer which lay unread while this process was stalled still counts. */
  #expire(): void {
    if (this.#ended || this.signal.aborted) return;
    this.#expired = true;
    this.#abort();
  }
}
