const firstRetryMs = 50;
const lastRetryMs = 5000;

/**
 * Does a controller's work for one key after the other, soon. Keys that are added twice before that are worked on once.
 * Work that throws is retried after a pause that doubles up to 5 s.
 * @returns adds a key
 */
export function createQueue(work: (key: string) => void): (key: string) => void {
  const waiting = new Set<string>();
  const failures = new Map<string, number>();

  function add(key: string): void {
    if (waiting.size === 0) setImmediate(run);
    waiting.add(key);
  }

  function run(): void {
    const keys = [...waiting];
    waiting.clear();
    for (const key of keys) attempt(key);
  }

  function attempt(key: string): void {
    try {
      work(key);
      failures.delete(key);
    } catch {
      // The reason may go away, such as an account that does not exist yet.
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      setTimeout(add, Math.min(firstRetryMs * 2 ** count, lastRetryMs), key).unref();
    }
  }

  return add;
}
