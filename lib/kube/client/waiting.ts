import { ClusterError, type Manifest, type ObjectRef } from '../cluster.ts';
import { isRecord } from './failures.ts';
import { wordsOf } from './objects.ts';
import type { InnerHandlers } from './watching.ts';

interface WaitOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  what: string;
}

/**
 * Waits until `satisfied` says true of the object, or of undefined where there is none.
 * @throws ClusterError `timeout` with the last that was seen; `aborted`; `forbidden` and `invalid` at once.
 */
export function wait(
  watch: (handlers: InnerHandlers) => { stop(): void },
  ref: ObjectRef,
  satisfied: (object: Manifest | undefined) => boolean,
  options: WaitOptions & { closing: AbortSignal },
): Promise<Manifest | undefined> {
  const { timeoutMs, signal, closing, what } = options;
  return new Promise((resolve, reject) => {
    let object: Manifest | undefined;
    let seen = false;
    let fault: string | undefined;

    const settle = (act: () => void): void => {
      clearTimeout(timer);
      watching.stop();
      signal?.removeEventListener('abort', abort);
      closing.removeEventListener('abort', abort);
      act();
    };
    const abort = (): void => {
      settle(() => reject(new ClusterError('aborted', `${wordsOf(ref)}: no longer waiting until ${what}`)));
    };
    const look = (): void => {
      try {
        if (satisfied(object)) settle(() => resolve(object));
      } catch (thrown) {
        settle(() => reject(thrown));
      }
    };
    const timer = setTimeout(() => {
      const last = fault ?? (seen ? summaryOf(object) : 'never seen');
      const message = `${wordsOf(ref)}: not ${what} within ${timeoutMs / 1000} s; last: ${last}`;
      settle(() => reject(new ClusterError('timeout', message)));
    }, timeoutMs);
    const watching = watch({
      event(event) {
        fault = undefined;
        object = event.type === 'DELETED' ? undefined : event.object;
        if (seen) look();
      },
      listed() {
        seen = true;
        fault = undefined;
        look();
      },
      failed(error) {
        fault = error.message;
        if (error.code === 'forbidden' || error.code === 'invalid') settle(() => reject(error));
        else if (error.code === 'not-found') look();
      },
    });
    signal?.addEventListener('abort', abort, { once: true });
    closing.addEventListener('abort', abort, { once: true });
    if (signal?.aborted || closing.aborted) abort();
  });
}

/** An object's state in a line: phase and conditions where it has them. */
export function summaryOf(object: Manifest | undefined): string {
  if (!object) return 'no such object';
  const status = isRecord(object['status']) ? object['status'] : {};
  const conditions = Array.isArray(status['conditions']) ? status['conditions'] : [];
  const parts = conditions.filter(isRecord).map(({ type, status: is, reason, message }) => {
    const why = [reason, message].filter((text) => typeof text === 'string' && text !== '').join(': ');
    return `${type}=${is}${why === '' ? '' : ` (${why})`}`;
  });
  if (typeof status['phase'] === 'string') parts.unshift(status['phase']);
  return parts.length === 0 ? 'there, without conditions' : parts.join(', ');
}
