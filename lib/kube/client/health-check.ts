import { ClusterError, type Stop, type WatchHandlers } from '../cluster.ts';
import type { Api } from './api.ts';
import { reasonOf } from './failures.ts';
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
      const request = { method: 'GET', path: '/version', what: 'get the version' } as const;
      await this.#api.once(request, this.#api.closing, limits.healthCheckMs);
      return undefined;
    } catch (thrown) {
      const isAnswer = thrown instanceof ClusterError && thrown.status !== undefined;
      return isAnswer ? undefined : reasonOf(thrown).message;
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

/** Tells a stream's handlers whether it is broken, each change once, until it is stopped. */
export class Health {
  readonly #handlers: Pick<WatchHandlers, 'broken'>;
  readonly #stopped: AbortSignal;
  #broken = false;

  constructor(handlers: Pick<WatchHandlers, 'broken'>, stopped: AbortSignal) {
    this.#handlers = handlers;
    this.#stopped = stopped;
  }

  broke(reason: string): void {
    this.#tell(true, reason);
  }

  whole(reason: string): void {
    this.#tell(false, reason);
  }

  #tell(isBroken: boolean, reason: string): void {
    if (this.#broken === isBroken) return;
    this.#broken = isBroken;
    if (!this.#stopped.aborted) this.#handlers.broken?.(isBroken, reason);
  }
}
