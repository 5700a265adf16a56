/** For tests: a cluster through its kubeconfig, asked by plain HTTPS and WebSocket. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { pollUntil } from '../../polling/poll-until.ts';

const TIMEOUT_MS = 30_000;
const CLUSTER_WIDE = ['Namespace', 'CustomResourceDefinition'];

/** An object with the fields that tests read. */
export interface Found {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  status?: Record<string, unknown>;
}

export interface Ref {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
}

export interface Executed {
  /** Undefined if the server sent no status. */
  exit: number | undefined;
  stdout: string;
  stderr: string;
}

interface ExecStatus {
  status: string;
  details?: { causes?: { reason: string; message: string }[] };
}

/** Repeats a question until it has an answer. @throws Error after 30 s */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const answer = await pollUntil(ask, { everyMs: 20, timeoutMs: TIMEOUT_MS });
  if (answer === undefined) throw new Error(`timed out after ${TIMEOUT_MS / 1_000} s waiting for: ${what}`);
  return answer;
}

/** Every method throws an Error with the server's message if the server answers with an error. */
export class TestCluster {
  readonly #server: URL;
  readonly #access: { ca: Buffer; headers: { authorization: string } };

  /** @param kubeconfig - path of a kubeconfig as JSON, with one cluster and one user */
  constructor(kubeconfig: string) {
    const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
    this.#server = new URL(clusters[0].cluster.server);
    this.#access = {
      ca: Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64'),
      headers: { authorization: `Bearer ${users[0].user.token}` },
    };
  }

  async create(...objects: object[]): Promise<void> {
    for (const object of objects as Found[]) {
      const { apiVersion, kind, metadata } = object;
      await this.#ask('POST', collection(apiVersion, kind, metadata.namespace), object);
    }
  }

  /** JSON merge patch. */
  async patch(ref: Ref, change: object): Promise<void> {
    await this.#ask('PATCH', single(ref), change, 'application/merge-patch+json');
  }

  async get(ref: Ref): Promise<Found> {
    return JSON.parse(await this.#ask('GET', single(ref)));
  }

  async delete(ref: Ref): Promise<void> {
    await this.#ask('DELETE', single(ref));
  }

  async list(apiVersion: string, kind: string, namespace: string): Promise<Found[]> {
    return JSON.parse(await this.#ask('GET', collection(apiVersion, kind, namespace))).items;
  }

  /** Waits until the pod with this label `app` is Ready. @returns its name */
  async readyPod(namespace: string, app: string): Promise<string> {
    return await eventually(`pod ${namespace}/${app} Ready`, async () => {
      const pods = await this.list('v1', 'Pod', namespace);
      const pod = pods.find(({ metadata }) => metadata.labels?.['app'] === app);
      const conditions = (pod?.status?.['conditions'] ?? []) as { type: string; status: string }[];
      const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      return isReady ? pod?.metadata.name : undefined;
    });
  }

  async log(namespace: string, name: string, container: string): Promise<string> {
    return await this.#ask('GET', `${collection('v1', 'Pod', namespace)}/${name}/log?container=${container}`);
  }

  async exec(namespace: string, pod: string, container: string, argv: string[], stdin?: string): Promise<Executed> {
    const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true', stdin: `${stdin !== undefined}` });
    for (const word of argv) query.append('command', word);
    const url = new URL(`${collection('v1', 'Pod', namespace)}/${pod}/exec?${query}`, this.#server);
    url.protocol = 'wss:';
    const session = new WebSocket(url, 'v5.channel.k8s.io', this.#access);
    const channels = ['', '', '', ''];
    session.on('message', (frame: Buffer) => {
      const channel = frame[0] ?? 0;
      channels[channel] += frame.subarray(1).toString();
    });
    session.on('open', () => {
      if (stdin === undefined) return;
      session.send(Buffer.from(`\0${stdin}`));
      // Ends channel 0.
      session.send(Buffer.of(255, 0));
    });
    await once(session, 'close');
    const [, stdout = '', stderr = '', status = ''] = channels;
    return { exit: status === '' ? undefined : exitOf(JSON.parse(status)), stdout, stderr };
  }

  async #ask(method: string, path: string, body?: object, type = 'application/json'): Promise<string> {
    const { ca, headers } = this.#access;
    const outgoing = request(new URL(path, this.#server), {
      method,
      ca,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': type }) },
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const said = await text(answer);
    if ((answer.statusCode ?? 0) >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${said}`);
    return said;
  }
}

function exitOf({ status, details }: ExecStatus): number | undefined {
  if (status === 'Success') return 0;
  const cause = details?.causes?.find(({ reason }) => reason === 'ExitCode');
  return cause === undefined ? undefined : Number(cause.message);
}

function single({ apiVersion, kind, namespace, name }: Ref): string {
  return `${collection(apiVersion, kind, namespace)}/${name}`;
}

function collection(apiVersion: string, kind: string, namespace = 'default'): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = `${kind.toLowerCase()}s`;
  return CLUSTER_WIDE.includes(kind) ? `${group}/${plural}` : `${group}/namespaces/${namespace}/${plural}`;
}
