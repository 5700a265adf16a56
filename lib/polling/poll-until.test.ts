import { expect, test } from '@jest/globals';
import { pause, pollUntil } from './poll-until.ts';

/** Returns undefined until the given call, then the number of the call. */
function valueAt(call: number): { attempt: () => Promise<number | undefined>; calls: () => number } {
  let calls = 0;
  return {
    calls: () => calls,
    attempt: async () => {
      calls += 1;
      return calls < call ? undefined : calls;
    },
  };
}

test('returns the first value that an attempt gives', async () => {
  const { attempt, calls } = valueAt(3);
  expect(await pollUntil(attempt, { everyMs: 1 })).toBe(3);
  expect(calls()).toBe(3);
});

test('makes one attempt even without time, and no more than allowed', async () => {
  expect(await pollUntil(valueAt(1).attempt, { everyMs: 1, timeoutMs: 0 })).toBe(1);
  const { attempt, calls } = valueAt(9);
  expect(await pollUntil(attempt, { everyMs: 1, attempts: 2 })).toBeUndefined();
  expect(calls()).toBe(2);
  expect(await pollUntil(async () => undefined, { everyMs: 1, timeoutMs: 5 })).toBeUndefined();
});

test('makes no further attempt after the signal has fired, and does not wait for the pause', async () => {
  const interruption = new AbortController();
  let calls = 0;
  const begun = performance.now();
  const attempt = async () => {
    calls += 1;
    setImmediate(() => interruption.abort());
    return undefined;
  };
  expect(await pollUntil(attempt, { everyMs: 60_000, signal: interruption.signal })).toBeUndefined();
  await pause(60_000, interruption.signal);
  expect(calls).toBe(1);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('throws what an attempt throws', async () => {
  await expect(pollUntil(async () => Promise.reject(new Error('no')), { everyMs: 1 })).rejects.toThrow('no');
});
