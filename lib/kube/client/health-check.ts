import type { Stop } from '../cluster.ts';
import type { Api } from './api.ts';
import { asError } from './failures.ts';
import { limits } from './limits.ts';

/**
 * Checks every few seconds whether the API server answers, while anybody listens. A paused server, or a network that drops
 * packets, leaves watches and logs open and silent.
 */
export class HealthCheck {
  readonly #api: Api;
  readonly #listeners = new Set<(reason: string) => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Calls `lost` each time that the API server does not answer: the stream must be opened again. */
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

  /** Undefined if the API server answers, otherwise the reason. A refusal is an answer, too. */
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

/** Reports whether a stream is broken, each change once. */
export class Health {
  readonly #tell: (isBroken: boolean, reason: string) => void;
  #broken = false;

  constructor(tell: ((isBroken: boolean, reason: string) => void) | undefined) {
    this.#tell = tell ?? (() => undefined);
  }

  broke(reason: string): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#tell(true, reason);
  }

  whole(reason: string): void {
    if (!this.#broken) return;
    this.#broken = false;
    this.#tell(false, reason);
  }
}
