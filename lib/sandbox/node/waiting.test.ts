import { expect, test } from '@jest/globals';
import { BackOff, FIRST_WAIT_MS, probeResults } from './waiting.ts';

test('the first crash restarts at once, later ones wait twice as long each, up to five minutes', () => {
  const backOff = new BackOff(FIRST_WAIT_MS);
  const waits = Array.from({ length: 8 }, () => backOff.next(1_000));
  expect(waits).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test('a long run is forgiven', () => {
  const backOff = new BackOff(FIRST_WAIT_MS);
  backOff.next(1_000);
  expect(backOff.next(600_000)).toBe(0);
});

/** The results of a probe whose checks end like this. */
async function resultsOf(
  checks: boolean[],
  spec = { periodSeconds: 0.001, timeoutSeconds: 1, failureThreshold: 2 },
): Promise<boolean[]> {
  const left = [...checks];
  const results: boolean[] = [];
  const end = new AbortController();
  const check = async (): Promise<boolean> => {
    const next = left.shift();
    if (next === undefined) end.abort();
    return next ?? false;
  };
  for await (const isPassed of probeResults(spec, check, end.signal)) results.push(isPassed);
  return results;
}

test('a success counts at once', async () => {
  expect(await resultsOf([true])).toEqual([true]);
});

test('after a success, failures count only when there are as many as the threshold in a row', async () => {
  expect(await resultsOf([true, false, true, false, false])).toEqual([true, true, false]);
});

test('before the first success, failures do not count while there is still time', async () => {
  expect(
    await resultsOf([false, false, true], { periodSeconds: 0.001, timeoutSeconds: 1, failureThreshold: 1_000_000 }),
  ).toEqual([true]);
});
