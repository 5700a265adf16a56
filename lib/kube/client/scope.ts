import { ClusterError } from '../cluster.ts';
import { asError, connectionFailure, TransientError } from './failures.ts';

/**
 * Work that ends with its parents or with its own time limit. Unlike AbortSignal.any it removes its listeners from the
 * parents when it ends: a client lives long.
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

  /** True if the time limit ended the work, not a parent. */
  get expired(): boolean {
    return this.#expired;
  }

  abort(): void {
    this.#abort();
  }

  /** The work is over: removes the timer and the listeners without aborting anything. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const parent of this.#parents) parent.removeEventListener('abort', this.#abort);
  }

  /** Runs after pending input was read: an answer that came while this process was stalled counts. */
  #expire(): void {
    if (this.#ended || this.signal.aborted) return;
    this.#expired = true;
    this.#abort();
  }
  /** The error for work that failed: because of the time limit, an abort, or the connection. */
  failure(what: string, thrown: unknown, timeoutMs = 0): ClusterError {
    if (this.expired) {
      return new TransientError('unreachable', `cannot ${what}: no answer within ${timeoutMs / 1000} s`);
    }
    if (this.signal.aborted) return new ClusterError('aborted', `did not ${what}: aborted`);
    if (asError(thrown).message === 'aborted') {
      return new TransientError('unreachable', `cannot ${what}: the connection broke within the answer`);
    }
    return connectionFailure(what, thrown);
  }
}

/** The promise's result, or a rejection as soon as the signal fires. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>, message: string): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(new ClusterError('aborted', message));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
