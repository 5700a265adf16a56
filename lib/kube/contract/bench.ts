import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { FIXTURE_IMAGES } from '../../fixtures/table.ts';
import { readEndpoint } from '../client/endpoint.ts';
import { connect } from '../client/index.ts';
import type { Cluster, ContainerRef, Manifest } from '../cluster.ts';

/** A kubeconfig, as far as these tests look into it. */
export interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, unknown> & { server: string } }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: { cluster: string; user: string } }[];
  'current-context': string;
}

/** A namespace of its own on the cluster under contract, and what a test needs to work there. */
export interface Bench {
  cluster: Cluster;
  namespace: string;
  kubeconfig: string;
  /** The API server's URL. */
  server: string;
  /** Writes a kubeconfig that differs from the one given; connects with it. Closed with the bench. */
  connectWith(change: (config: Kubeconfig) => void): Promise<Cluster>;
  /** Creates a pod of the curl image with one container `main`, and waits until it is ready. */
  pod(name: string, script: string): Promise<ContainerRef>;
  close(): Promise<void>;
}

/** Opens a bench on the cluster that MESHPROOF_CONTRACT_KUBECONFIG names. */
export async function openBench(): Promise<Bench> {
  const kubeconfig = process.env['MESHPROOF_CONTRACT_KUBECONFIG'];
  if (!kubeconfig) throw new Error('MESHPROOF_CONTRACT_KUBECONFIG names no kubeconfig');
  const folder = await mkdtemp(path.join(tmpdir(), 'meshproof-contract-'));
  const cluster = connect(kubeconfig);
  const clients = [cluster];
  const namespace = `contract-${randomBytes(4).toString('hex')}`;
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace };
  await cluster.wait(account, (object) => object !== undefined, { timeoutMs: 10_000, what: 'there' });

  return {
    cluster,
    namespace,
    kubeconfig,
    server: readEndpoint(kubeconfig).server.href,
    async connectWith(change) {
      const config = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
      change(config);
      const file = path.join(folder, `${clients.length}.kubeconfig`);
      await writeFile(file, stringify(config), { mode: 0o600 });
      const client = connect(file);
      clients.push(client);
      return client;
    },
    async pod(name, script) {
      await cluster.apply(podOf(name, namespace, script));
      const ref = { apiVersion: 'v1', kind: 'Pod', name, namespace };
      await cluster.wait(ref, isReady, { timeoutMs: 30_000, what: 'ready' });
      return { namespace, pod: name, container: 'main' };
    },
    async close() {
      await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
      for (const client of clients) client.close();
      await rm(folder, { recursive: true });
    },
  };
}

function podOf(name: string, namespace: string, script: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: FIXTURE_IMAGES.curl,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', script],
        },
      ],
    },
  };
}

function isReady(object: Manifest | undefined): boolean {
  const status = object?.['status'] as { conditions?: { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}

/** Waits for a fact of the test's own; the message says what was not so. */
export async function until(what: string, fact: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await fact())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await pause(50);
  }
}
