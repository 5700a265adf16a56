/** Runs a controller's work for one key at a time, soon, and again where it failed. */

export interface Queue {
  add(key: string): void;
  close(): void;
}

const firstRetryMs = 50;
const lastRetryMs = 5000;

/** Keys added before they are worked on are worked on once. A failure is retried after a pause that doubles up to 5 s. */
export function createQueue(work: (key: string) => void): Queue {
  const waiting = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  let soon: NodeJS.Immediate | undefined;
  let isClosed = false;

  function run(): void {
    soon = undefined;
    const keys = [...waiting];
    waiting.clear();
    for (const key of keys) attempt(key);
  }

  function attempt(key: string): void {
    try {
      work(key);
      failures.delete(key);
    } catch {
      // Whatever it was (a namespace that is going, an account that is still to come) may be different the next time.
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          add(key);
        },
        Math.min(firstRetryMs * 2 ** count, lastRetryMs),
      );
      timer.unref();
      timers.add(timer);
    }
  }

  function add(key: string): void {
    if (isClosed) return;
    waiting.add(key);
    soon ??= setImmediate(run);
  }

  return {
    add,
    close() {
      isClosed = true;
      if (soon !== undefined) clearImmediate(soon);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
