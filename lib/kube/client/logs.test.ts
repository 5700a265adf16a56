import http, { type ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Stop } from '../cluster.ts';
import { HealthCheck } from './health-check.ts';
import { followLog } from './logs.ts';
import { Discovery, objectsOf } from './objects.ts';
import { type LocalApi, serveLocally } from './testing/local-api.ts';

const target = { namespace: 'n', pod: 'p', container: 'c' };
const noPrevious = { kind: 'Status', status: 'Failure', message: 'previous terminated container "c" not found' };

let local: LocalApi;
let follower: Stop;
let restarts: number;
/** What each connection that follows the log gets; the last one stays open. */
let connections: ((response: ServerResponse, since: string | null) => void)[];
let previous: string | undefined;
let received: string[];
let done: Promise<void>;

beforeEach(async () => {
  [restarts, previous, received] = [0, undefined, []];
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const { searchParams } = url;
    if (url.pathname === '/api/v1') {
      response.end(JSON.stringify({ resources: [{ name: 'pods', kind: 'Pod', namespaced: true }] }));
    } else if (url.pathname.endsWith('/p')) {
      const containerStatuses = [{ name: 'c', restartCount: restarts }];
      response.end(JSON.stringify({ kind: 'Pod', metadata: { name: 'p', uid: 'u' }, status: { containerStatuses } }));
    } else if (searchParams.has('previous')) {
      response.statusCode = previous === undefined ? 400 : 200;
      response.end(previous ?? JSON.stringify(noPrevious));
    } else connections.shift()?.(response, searchParams.get('sinceTime'));
  });
  local = await serveLocally(server);
});
afterEach(() => {
  follower.stop();
  local.close();
});

/** Follows until the line `last`. */
function follow(): void {
  const { api } = local;
  const parts = { api, objects: objectsOf(api, new Discovery(api)), healthCheck: new HealthCheck(api) };
  done = new Promise((resolve) => {
    follower = followLog(parts, target, {
      line(text) {
        received.push(text);
        if (text === 'last') resolve();
      },
      broken: (isBroken) => received.push(isBroken ? 'BROKEN' : 'WHOLE'),
    });
  });
}
const line = (second: number, text: string): string => `2026-01-02T03:04:0${second}.5Z ${text}\n`;
/** Cuts the connection when the line `first` has been received: what lies unread at a break is not lost, but asked for again. */
const cutAfter = (text: string, also?: () => void) => (response: ServerResponse) => {
  response.write(text);
  const waiting = setInterval(() => {
    if (!received.includes('first')) return;
    clearInterval(waiting);
    also?.();
    response.destroy();
  }, 5);
};

test('half a line before a break is delivered once, whole', async () => {
  connections = [
    cutAfter(`${line(1, 'first')}2026-01-02T03:04:02.5Z la`),
    (response) => response.write(line(1, 'first') + line(2, 'last')),
  ];
  follow();
  await done;

  expect(received).toEqual(['first', 'last']);
});

test('after a break, requests the log from the second before the last line', async () => {
  const asked: (string | null)[] = [];
  connections = [
    (response, since) => {
      asked.push(since);
      cutAfter(line(5, 'first'))(response);
    },
    (response, since) => {
      asked.push(since);
      response.write(line(5, 'first') + line(6, 'last'));
    },
  ];
  follow();
  await done;

  expect(asked).toEqual([null, '2026-01-02T03:04:04Z']);
});

test('what the previous run printed during a break comes first', async () => {
  connections = [
    cutAfter(line(1, 'first'), () => {
      restarts = 1;
      previous = line(1, 'first') + line(2, 'its end');
    }),
    (response) => response.write(line(3, 'last')),
  ];
  follow();
  await done;

  expect(received).toEqual(['first', 'its end', 'last']);
});

test('several restarts within a break are reported as a gap', async () => {
  connections = [
    cutAfter(line(1, 'first'), () => {
      restarts = 2;
      previous = line(3, 'second run');
    }),
    (response) => response.write(line(4, 'last')),
  ];
  follow();
  await done;

  expect(received).toEqual(['first', 'BROKEN', 'second run', 'WHOLE', 'last']);
});

test('the node’s own failure in the log is reported as broken, not as a line', async () => {
  connections = [
    (response) =>
      response.end(`${line(1, 'first')}failed to create fsnotify watcher: too many open files`.concat('\n')),
    (response) => response.write(line(1, 'first') + line(2, 'last')),
  ];
  follow();
  await done;

  expect(received).toEqual(['first', 'BROKEN', 'WHOLE', 'last']);
});

test('requests the log again from a node that does not know the pod yet', async () => {
  connections = [
    (response) => {
      response.statusCode = 404;
      response.end(
        JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'pod "p" not found' }),
      );
    },
    (response) => response.write(line(1, 'last')),
  ];
  follow();
  await done;

  expect(received).toEqual(['last']);
});
