/** An API server for one test, and a client of it. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import type { Admit, Manifest, ObjectView } from '../../contract.ts';
import { createAuthority } from '../../pki.ts';
import type { Fields } from '../json.ts';
import { createApiServer } from '../server.ts';
import { createFakeKubelet, type FakeKubelet } from './fake-kubelet.ts';

const adminToken = 'admin';

export interface Answer {
  code: number;
  body: Manifest & { items: Manifest[]; message: string; reason: string; details: Fields };
  text: string;
}

export interface CallOptions {
  type?: string;
  /** By default the administrator's; '' for none. */
  token?: string;
  headers?: Record<string, string>;
}

export interface WatchLine {
  type: string;
  object: Manifest;
}

export interface TestApi {
  kubelet: FakeKubelet;
  view: ObjectView;
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>;
  /** Opens a watch. `next` returns its events one by one, and undefined at its end. */
  watch(path: string): Promise<{ next(): Promise<WatchLine | undefined>; close(): void }>;
  /** Reads an answer line by line. */
  lines(path: string): Promise<{ next(): Promise<string | undefined>; close(): void }>;
  exec(path: string): WebSocket;
  /** Waits for a fact about an object. */
  until(
    ref: { apiVersion: string; kind: string; namespace?: string; name: string },
    fact: (object: Manifest | undefined) => boolean,
  ): Promise<Manifest | undefined>;
  close(): Promise<void>;
}

export async function startTestApi(admit: Admit = ({ object }) => object): Promise<TestApi> {
  const authority = await createAuthority('test');
  const { keyPem, certPem } = await authority.issue({ commonName: 'apiserver', ips: ['127.0.0.1'] });
  const kubelet = createFakeKubelet();
  const server = await createApiServer({
    kubelet,
    tls: { key: keyPem, cert: certPem, ca: authority.certificatePem },
    token: adminToken,
    listen: { port: 0 },
    admit,
  });
  const base = { host: '127.0.0.1', port: server.port, ca: authority.certificatePem };

  async function send(method: string, path: string, body: unknown, options: CallOptions): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const headers = {
      ...(options.token === '' ? {} : { authorization: `Bearer ${options.token ?? adminToken}` }),
      'user-agent': 'test/1',
      ...(text === undefined
        ? {}
        : { 'content-type': options.type ?? 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...options.headers,
    };
    const outgoing = request({ ...base, method, path, headers });
    outgoing.end(text);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return answer;
  }

  async function lines(path: string): ReturnType<TestApi['lines']> {
    const answer = await send('GET', path, undefined, {});
    // Closing a stream that is still open is how these tests end it.
    answer.on('error', () => undefined);
    const iterator = createInterface({ input: answer })[Symbol.asyncIterator]();
    return {
      next: async () => (await iterator.next()).value as string | undefined,
      close: () => answer.destroy(),
    };
  }

  return {
    kubelet,
    view: server.view,
    lines,
    async call(method, path, body, options = {}) {
      const answer = await send(method, path, body, options);
      const chunks: Buffer[] = [];
      for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const isJson = answer.headers['content-type']?.startsWith('application/json') === true;
      return {
        code: answer.statusCode ?? 0,
        body: (isJson ? JSON.parse(text) : {}) as Answer['body'],
        text,
      };
    },
    async watch(path) {
      const stream = await lines(path);
      return {
        ...stream,
        next: async () => {
          const line = await stream.next();
          return line === undefined ? undefined : (JSON.parse(line) as WatchLine);
        },
      };
    },
    exec: (path) =>
      new WebSocket(`wss://127.0.0.1:${server.port}${path}`, 'v5.channel.k8s.io', {
        ca: authority.certificatePem,
        headers: { authorization: `Bearer ${adminToken}` },
      }),
    until: (ref, fact) =>
      new Promise((resolve) => {
        if (fact(server.view.get(ref))) {
          resolve(server.view.get(ref));
          return;
        }
        const stop = server.view.watch(ref, ({ type, object }) => {
          const isIt = object.metadata.name === ref.name && object.metadata.namespace === ref.namespace;
          const now = type === 'DELETED' ? undefined : object;
          if (!isIt || !fact(now)) return;
          resolve(now);
          setImmediate(() => stop());
        });
      }),
    close: () => server.close(),
  };
}

/** A Deployment that runs `image` once, or as often as told. */
export function deployment(name: string, image: string, replicas = 1): Fields {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image, ports: [{ name: 'http', containerPort: 80 }] }] },
      },
    },
  };
}

export function pod(name: string, image = 'any:1'): Fields {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'main', image }] } };
}

export function configMap(name: string, data: Record<string, unknown>, metadata: Fields = {}): Fields {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}
