import { describe, expect, jest, test } from '@jest/globals';
import type { Cluster, LogHandlers } from '../kube/cluster.ts';
import { ServerLog } from './server-log.ts';

const target = { namespace: 'tcp-demo', pod: 'tcp-echo-1', container: 'tcp-echo' };

/** A log whose lines the test tells, and whether it is still followed. */
function followed() {
  const state: { handlers?: LogHandlers; stopped: boolean } = { stopped: false };
  const cluster: Pick<Cluster, 'followLog'> = {
    followLog: (_, handlers) => {
      state.handlers = handlers;
      return {
        stop: () => {
          state.stopped = true;
        },
      };
    },
  };
  const said: string[] = [];
  const log = new ServerLog(cluster, target, (line) => said.push(line));
  const { handlers } = state;
  if (handlers === undefined) throw new Error('the log is not followed');
  return { log, handlers, state, said };
}

describe('a nonce is in the log', () => {
  test('when a line of it holds the whole word, in whatever surroundings', () => {
    const { log, handlers } = followed();
    handlers.line('request: mp0000000000000001-7');
    handlers.line('10.0.0.1 uri=/get?nonce=mpzzzzzzzzzzzzzzzz status=200');
    expect(log.has('mp0000000000000001-7')).toBe(true);
    expect(log.has('mpzzzzzzzzzzzzzzzz')).toBe(true);
    expect(log.has('mp0000000000000001')).toBe(false);
    expect(log.has('mp0000000000000001-70')).toBe(false);
  });

  test('when it comes while somebody waits for it', async () => {
    const { log, handlers } = followed();
    const came = log.wait('mp0000000000000001', 60_000);
    handlers.line('request: mp0000000000000002');
    handlers.line('request: mp0000000000000001');
    expect(await came).toBe(true);
    expect(await log.wait('mp0000000000000002', 0)).toBe(true);
  });

  test('not when it does not come in time, although it does later', async () => {
    jest.useFakeTimers();
    try {
      const { log, handlers } = followed();
      const came = log.wait('mp0000000000000001', 5_000);
      await jest.advanceTimersByTimeAsync(5_000);
      expect(await came).toBe(false);
      handlers.line('request: mp0000000000000001');
      expect(log.has('mp0000000000000001')).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });
});

test('reports a log that cannot be followed, and when it is followed again', () => {
  const { handlers, said } = followed();
  handlers.broken?.(true, 'connection reset');
  handlers.broken?.(false, '');
  expect(said).toEqual(['log of tcp-echo-1/tcp-echo: connection reset', 'log of tcp-echo-1/tcp-echo: followed again']);
});

test('a closed log is not followed, and a wait for it ends without a nonce', async () => {
  const { log, state } = followed();
  const came = log.wait('mp0000000000000001', 60_000);
  log.close();
  expect(state.stopped).toBe(true);
  expect(await came).toBe(false);
});
