import { expect, test } from '@jest/globals';
import { watchProbe } from './probe.ts';

/** Runs a probe over the given results and answers what was told. */
async function told(results: boolean[], spec = { periodSeconds: 0.001, failureThreshold: 2 }): Promise<boolean[]> {
  const left = [...results];
  const heard: boolean[] = [];
  const end = new AbortController();
  const check = async (): Promise<boolean> => {
    const next = left.shift();
    if (next === undefined) end.abort();
    return next ?? false;
  };
  await watchProbe(spec, check, (isPassed) => heard.push(isPassed), end.signal);
  return heard;
}

test('a success is told at once', async () => {
  expect(await told([true])).toEqual([true]);
});

test('after a success, failures count only when there are as many as the threshold in a row', async () => {
  expect(await told([true, false, true, false, false])).toEqual([true, true, false]);
});

test('before the first success, failures are not told while there is still time', async () => {
  expect(await told([false, false, true], { periodSeconds: 0.001, failureThreshold: 1_000_000 })).toEqual([true]);
});
