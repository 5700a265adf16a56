import { connect } from 'node:net';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { TransientError } from './failures.ts';
import { retrying } from './retry.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const { signal } = new AbortController();

test('gives up after a few attempts, within ten seconds, with the last failure', async () => {
  let attempts = 0;
  const begun = performance.now();
  const attempt = async (): Promise<never> => {
    attempts += 1;
    throw new TransientError('unreachable', `failure ${attempts}`);
  };
  const result = retrying(attempt, { signal }).catch((error: Error) => error);

  await jest.runAllTimersAsync();

  expect(await result).toMatchObject({ code: 'unreachable', message: `failure ${attempts}` });
  expect(attempts).toBe(7);
  expect(performance.now() - begun).toBeGreaterThan(5_000);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('starts no further attempt when those before took the ten seconds', async () => {
  let attempts = 0;
  const attempt = async (): Promise<never> => {
    attempts += 1;
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    throw new TransientError('unreachable', 'no answer');
  };
  const result = retrying(attempt, { signal }).catch((error: Error) => error);

  await jest.runAllTimersAsync();

  expect(await result).toMatchObject({ message: 'no answer' });
  expect(attempts).toBe(1);
});

test('takes an error of Node’s own, although it is no Error of this realm', async () => {
  const attempt = (): Promise<never> =>
    new Promise((_resolve, reject) => {
      connect(1, '127.0.0.1').on('error', reject);
    });

  await expect(retrying(attempt, { signal })).rejects.toMatchObject({
    name: 'ClusterError',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});
