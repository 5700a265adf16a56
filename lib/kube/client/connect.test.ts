import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { Cluster } from '../cluster.ts';
import { connect } from './connect.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let server: http.Server;
let kubeconfig: string;
let cluster: Cluster;
let asked: string[];
let logged: string[];
/** What the server answers to each request but discovery, one after the other; the last one stays. */
let answers: Answer[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'meshproof-connect-'));
  asked = [];
  logged = [];
  server = http.createServer((request, response) => {
    if (request.url === '/api/v1') return json(200, discovery)(request, response);
    asked.push(`${request.method} ${request.url}`);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  kubeconfig = path.join(folder, 'kubeconfig');
  const { port } = server.address() as AddressInfo;
  await writeFile(kubeconfig, stringify(configFor(`http://127.0.0.1:${port}`)));
  cluster = connect(kubeconfig, { log: (line) => logged.push(line) });
});
afterEach(async () => {
  cluster.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const discovery = { kind: 'APIResourceList', resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true }] };
const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: 'n' };
const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x', namespace: 'n', resourceVersion: '1' },
};

function configFor(url: string): object {
  return {
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [
      { name: 'here', context: { cluster: 'c', user: 'u' } },
      { name: 'there', context: { cluster: 'c', user: 'u' } },
    ],
    'current-context': 'here',
  };
}
function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}
function fail(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return json(status, { kind: 'Status', status: 'Failure', code: status, message }, headers);
}
const reset: Answer = (request) => request.socket.resetAndDestroy();

describe('connect', () => {
  test('refuses a context that the file does not have, and lists those that it has', () => {
    expect(() => connect(kubeconfig, { context: 'prod' })).toThrow("has no context 'prod'; it has: here, there");
  });

  test('refuses a file that does not exist', () => {
    expect(() => connect(path.join(folder, 'nothing'))).toThrow(/cannot read the kubeconfig .*nothing/);
  });

  test('sends the credentials of the context', async () => {
    answers = [
      (request, response) => {
        response.end(JSON.stringify({ gitVersion: request.headers.authorization }));
      },
    ];

    expect(await cluster.version()).toBe('Bearer secret');
  });
});

describe('retries', () => {
  test.each([
    ['429', fail(429, 'slow down')],
    ['503', fail(503, 'not yet')],
    ['500 of a webhook', fail(500, 'Internal error occurred: failed calling webhook "x": connection refused')],
    ['a reset connection', reset],
  ])('%s is retried', async (_what, failure) => {
    answers = [failure, failure, json(200, configMap)];

    expect(await cluster.get(ref)).toEqual(configMap);
    expect(asked).toHaveLength(3);
    expect(logged).toHaveLength(2);
  });

  test.each([400, 401, 403, 422])('%i is not retried', async (status) => {
    answers = [fail(status, 'no'), json(200, configMap)];

    await expect(cluster.get(ref)).rejects.toMatchObject({ status });
    expect(asked).toHaveLength(1);
  });

  test('waits as long as the server asks', async () => {
    answers = [fail(429, 'slow down', { 'retry-after': '1' }), json(200, configMap)];
    const begun = performance.now();

    await cluster.get(ref);

    expect(performance.now() - begun).toBeGreaterThanOrEqual(1_000);
  });

  test('a creation that may have happened is not sent twice', async () => {
    answers = [reset, json(201, configMap)];

    await expect(cluster.create(configMap)).rejects.toMatchObject({ code: 'unreachable' });
    expect(asked).toHaveLength(1);
  });

  test('a creation that the server rejected is sent again', async () => {
    answers = [fail(429, 'slow down'), json(201, configMap)];

    await cluster.create(configMap);

    expect(asked).toHaveLength(2);
  });

  test('an apply that lost a race is retried', async () => {
    const { resourceVersion: _, ...metadata } = configMap.metadata;
    answers = [fail(409, 'Operation cannot be fulfilled: the object has been modified'), json(200, configMap)];

    await cluster.apply({ ...configMap, metadata });

    expect(asked).toEqual(Array(2).fill(expect.stringMatching(/^PATCH .*force=true/)));
  });

  test('end when the client is closed', async () => {
    answers = [fail(503, 'not today')];
    const answer = cluster.get(ref);

    cluster.close();

    await expect(answer).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('a watch', () => {
  const list = (version: string): Answer => json(200, { metadata: { resourceVersion: version }, items: [configMap] });
  const lines = (...events: object[]): Answer => {
    return (_request, response) => {
      response.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    };
  };
  const open: Answer = (_request, response) => response.flushHeaders();
  const watch = (events: string[], health: boolean[] = []): Promise<void> => {
    return new Promise((resolve) => {
      cluster.watch(
        { apiVersion: 'v1', kind: 'ConfigMap' },
        {
          event({ type, object }) {
            events.push(`${type} ${object.metadata.name}`);
            if (object.metadata.name === 'last') resolve();
          },
          broken: (isBroken) => health.push(isBroken),
        },
      );
    });
  };
  const last = { type: 'ADDED', object: { ...configMap, metadata: { name: 'last', resourceVersion: '9' } } };

  test('goes on from the last bookmark when it ends', async () => {
    const bookmark = { type: 'BOOKMARK', object: { ...configMap, metadata: { name: '', resourceVersion: '7' } } };
    answers = [list('5'), lines(bookmark), lines(last), open];
    const events: string[] = [];

    await watch(events);

    expect(events).toEqual(['ADDED x', 'ADDED last']);
    expect(asked.map((url) => /resourceVersion=(\d+)/.exec(url)?.[1])).toEqual([undefined, '5', '7']);
  });

  test.each([
    ['in the stream', lines({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })],
    ['as the answer', fail(410, 'too old')],
  ])('lists again when its version is too old, reported %s', async (_where, expired) => {
    answers = [list('1'), expired, list('8'), lines(last), open];
    const [events, health]: [string[], boolean[]] = [[], []];

    await watch(events, health);

    expect(events).toEqual(['ADDED x', 'ADDED last']);
    expect(health).toEqual([]);
    expect(asked[3]).toContain('resourceVersion=8');
  });

  test('reports when it breaks and when it is whole again', async () => {
    answers = [list('1'), reset, fail(403, 'no longer'), lines(last), open];
    const [events, health]: [string[], boolean[]] = [[], []];

    await watch(events, health);

    expect(health).toEqual([true, false]);
  });

  test('that the server always ends at once is repeated with growing pauses', async () => {
    const begun = performance.now();
    const fifth = new Promise<void>((resolve) => {
      answers = [list('1'), lines(), lines(), lines(), () => resolve()];
    });

    void watch([]);
    await fifth;

    expect(performance.now() - begun).toBeGreaterThanOrEqual(600);
  });
});
