import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { FIXTURE_IMAGES } from '../../fixtures/table.ts';
import { pollUntil } from '../../polling/poll-until.ts';
import { runCommand } from '../../processes/command.ts';
import { connect } from '../client/connect.ts';
import { readEndpoint } from '../client/endpoint.ts';
import type { Cluster, ContainerRef, Manifest } from '../cluster.ts';

/** The fields of a kubeconfig that these tests use. */
export interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, unknown> & { server: string } }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: { cluster: string; user: string } }[];
  'current-context': string;
}

/** A namespace of the test's own on the cluster under contract. */
export interface ContractSetup {
  cluster: Cluster;
  namespace: string;
  kubeconfig: string;
  /** The API server's URL. */
  server: string;
  /** Connects with a changed copy of the kubeconfig. `close` closes the client, too. */
  connectWith(change: (config: Kubeconfig) => void): Promise<Cluster>;
  /** Creates a pod of the curl image with one container `main`, and waits until it is Ready. */
  pod(name: string, script: string): Promise<ContainerRef>;
  close(): Promise<void>;
}

/** Creates a namespace on the cluster that MESHPROOF_CONTRACT_KUBECONFIG names. */
export async function openSetup(): Promise<ContractSetup> {
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

/** Waits until a fact is true. @throws Error naming it */
export async function until(what: string, fact: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const attempt = async () => (await fact()) || undefined;
  if (await pollUntil(attempt, { everyMs: 50, timeoutMs })) return;
  throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
}

type Declare = (title: string, body: () => void | Promise<void>) => void;

/** Skips a test, or a group of tests, for a reason that its title then has. jest counts skipped tests. */
export function unless(reason: string | undefined, declare: Declare & { skip: Declare }): Declare {
  if (reason === undefined) return declare;
  process.stderr.write(`skipped: ${reason}\n`);
  return (title, body) => declare.skip(`${title} (skipped: ${reason})`, body);
}

/** Why tests that need a program are skipped; undefined if this machine has it. */
export async function missingProgram(name: string): Promise<string | undefined> {
  const { fault } = await runCommand([name, '--version'], { timeoutMs: 10_000 });
  return fault === 'missing' ? `${name} is not on the PATH` : undefined;
}
