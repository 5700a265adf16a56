import type { Stop } from '../cluster.ts';
import type { Api } from './api.ts';
import { asError } from './failures.ts';
import { limits } from './limits.ts';

/**
 * Asks the API server every few seconds whether it answers at all, for as long as anybody listens. A server that was
 * paused, or a network that swallows packets, leaves watches and logs open and silent; only asking tells.
 */
export class HealthCheck {
  readonly #api: Api;
  readonly #listeners = new Set<(reason: string) => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Calls `lost` each time that the API server did not answer; the stream that listens must be opened anew. */
  listen(lost: (reason: string) => void): Stop {
    this.#listeners.add(lost);
    this.#timer ??= this.#next();
    return {
      stop: () => {
        this.#listeners.delete(lost);
        if (this.#listeners.size > 0) return;
        clearTimeout(this.#timer);
        this.#timer = undefined;
      },
    };
  }

  /** Undefined if the API server answers, else why it does not. An answer that refuses is an answer. */
  async check(): Promise<string | undefined> {
    try {
      await this.#api.once(
        { method: 'GET', path: '/version', what: 'get the version' },
        this.#api.closing,
        limits.healthCheckMs,
      );
      return undefined;
    } catch (thrown) {
      const error = asError(thrown);
      return 'status' in error && error.status !== undefined ? undefined : error.message;
    }
  }

  #next(): NodeJS.Timeout {
    return setTimeout(async () => {
      const reason = await this.check();
      if (this.#api.closing.aborted || this.#timer === undefined) return;
      if (reason !== undefined) for (const lost of [...this.#listeners]) lost(reason);
      this.#timer = this.#listeners.size > 0 ? this.#next() : undefined;
    }, limits.healthCheckEveryMs);
  }
}
