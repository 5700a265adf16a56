import { isIPv6 } from 'node:net';
import { RECURSION_DESIRED, streamEncode } from 'dns-packet';
import { parse } from 'yaml';
import { type Cluster, ClusterError, type Manifest } from '../kube/cluster.ts';
import { pollUntil } from '../polling/poll-until.ts';
import { lastLines } from '../processes/command.ts';
import { EnvironmentError } from '../words/index.ts';
import { endpointVariable, engine, remoteHost } from './engine.ts';
import { nodesOf, runEngine, type ToolContext } from './runtime.ts';

const BETWEEN_ATTEMPTS_MS = 200;

/**
 * If the engine runs on another machine, checks that the cluster's API can be reached from here.
 * @throws EnvironmentError naming the way out
 */
export async function expectReachable(cluster: Pick<Cluster, 'version'>, context: ToolContext): Promise<void> {
  const endpoint = await endpointOf(context);
  const host = remoteHost(endpoint);
  if (host === undefined) return;
  try {
    await cluster.version();
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== 'unreachable') throw error;
    throw new EnvironmentError(
      `${engine()} runs on another machine (${endpoint}), and the cluster's API cannot be reached from here: ${error.message}`,
      `set networking.apiServerAddress in a --kind-config to an address of ${host} that this machine reaches,` +
        ` or run Meshproof on ${host}`,
    );
  }
}

/** Where the engine's commands go, such as `unix:///var/run/docker.sock`; empty for an engine that works only here. */
async function endpointOf(context: ToolContext): Promise<string> {
  const named = process.env[endpointVariable() ?? ''];
  if (named || engine() !== 'docker') return named ?? '';
  const argv = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'];
  const { exitCode, stdout } = await runEngine(argv, context);
  return exitCode === 0 ? stdout.trim() : '';
}

interface WaitOptions extends ToolContext {
  timeoutMs: number;
}

/** Where kubeadm puts, on every node, the certificate of the API server's authority. */
const AUTHORITY = '/etc/kubernetes/pki/ca.crt';

/**
 * Waits until every node routes Services. A pod that starts earlier, such as an installer's job that asks the API server
 * once, is refused its connection, or reaches whatever has that address outside the cluster. Returns at once if the
 * cluster has no kube-proxy: its replacement may not be installed yet.
 * @throws EnvironmentError after `timeoutMs`
 * @throws ClusterError `aborted`, `timeout`, or what the API server refuses
 */
export async function waitForServices(cluster: Cluster, clusterName: string, options: WaitOptions): Promise<void> {
  const { timeoutMs, signal } = options;
  const deadline = performance.now() + timeoutMs;
  const proxy = { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'kube-proxy' };
  if ((await cluster.get(proxy)) === undefined) return;

  const names = (await cluster.list({ apiVersion: 'v1', kind: 'Node' })).map(({ metadata }) => metadata.name);
  const runs = (object: Manifest | undefined) => {
    const { desiredNumberScheduled = 0, numberReady = 0 } = numbersOf(object);
    return desiredNumberScheduled >= names.length && numberReady >= desiredNumberScheduled;
  };
  await cluster.wait(proxy, runs, { timeoutMs, signal, what: `kube-proxy to run on ${names.join(', ')}` });
  const service = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'kubernetes' };
  const { clusterIP = '' } = ((await cluster.get(service))?.['spec'] ?? {}) as { clusterIP?: string };
  const url = `https://${isIPv6(clusterIP) ? `[${clusterIP}]` : clusterIP}/readyz`;
  const containers = new Set(await nodesOf(clusterName, options));
  const rest = { ...options, timeoutMs: deadline - performance.now() };
  await Promise.all(names.filter((name) => containers.has(name)).map((node) => waitForNode(node, url, rest)));
}

/** A kube-proxy that runs may not have written its rules yet: only an answer counts. */
async function waitForNode(node: string, url: string, options: WaitOptions): Promise<void> {
  // The certificate shows that the API server answers, and not something outside the cluster.
  const argv = ['exec', node, 'curl', '-gsS', '-o', '/dev/null', '-m', '2', '--cacert', AUTHORITY, url];
  let last = '';
  const attempt = async () => {
    const { exitCode, stderr } = await runEngine(argv, options);
    last = stderr.trim();
    return exitCode === 0;
  };
  await until(attempt, 'Service routing', options, () => [
    `node ${node} does not route Services: ${url}, the API server's, is not answered there: ${last}`,
    'check the pods of kube-proxy in kube-system (--keep keeps the cluster)',
  ]);
}

/** The counts in a workload's status. */
function numbersOf(object: Manifest | undefined): Record<string, number> {
  return (object?.['status'] ?? {}) as Record<string, number>;
}

/** What a node's kubelet writes into the resolv.conf of its pods. */
export interface NodeDns {
  /** `cluster.local` unless the cluster was made with another one. */
  domain: string;
  address: string;
}

/** Where kubeadm puts the kubelet's configuration on every node. */
const KUBELET_CONFIG = '/var/lib/kubelet/config.yaml';

/**
 * The domain and the name server that a kind cluster's pods have.
 * @throws EnvironmentError if the node's kubelet does not name them
 */
export async function nodeDns(clusterName: string, context: ToolContext): Promise<NodeDns> {
  const [node = ''] = await nodesOf(clusterName, context);
  const result = await runEngine(['exec', node, 'cat', KUBELET_CONFIG], context);
  const config = (parse(result.stdout) ?? {}) as { clusterDomain?: string; clusterDNS?: string[] };
  const { clusterDomain: domain = '', clusterDNS: [address = ''] = [] } = config;
  if (domain !== '' && address !== '') return { domain, address };
  const why = result.exitCode === 0 ? '' : ` (${lastLines(result)})`;
  throw new EnvironmentError(
    `node ${node} does not name the cluster's domain and name server: ${KUBELET_CONFIG} lacks clusterDomain or clusterDNS${why}`,
    'set both in the KubeletConfiguration of the --kind-config, or leave them to kubeadm',
  );
}

/**
 * Waits until the cluster's DNS answers a lookup that a node sends to the DNS Service's address. Returns at once if the
 * cluster has no CoreDNS: its replacement may not be installed yet.
 * @throws EnvironmentError after `timeoutMs`
 * @throws ClusterError `aborted`, or what the API server refuses
 */
export async function waitForDns(cluster: Cluster, clusterName: string, options: WaitOptions): Promise<void> {
  const { timeoutMs, signal } = options;
  const deadline = performance.now() + timeoutMs;
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'coredns' };
  if ((await cluster.get(deployment)) === undefined) return;
  const isAvailable = (object: Manifest | undefined) => (numbersOf(object)['availableReplicas'] ?? 0) > 0;
  await cluster.wait(deployment, isAvailable, { timeoutMs, signal, what: 'CoreDNS to be available' });
  const [node = ''] = await nodesOf(clusterName, options);
  const { domain, address } = await nodeDns(clusterName, options);
  const name = `kubernetes.default.svc.${domain}`;
  const rest = { ...options, timeoutMs: deadline - performance.now() };
  await until(
    () => isAnswered(node, name, address, options),
    'the cluster DNS',
    rest,
    () => [
      `the cluster's DNS at ${address} does not answer for ${name} after ${timeoutMs} ms`,
      'check the pods of CoreDNS in kube-system (--keep keeps the cluster)',
    ],
  );
}

async function isAnswered(node: string, name: string, address: string, context: ToolContext): Promise<boolean> {
  // Nodes have bash and no tool for lookups; over TCP bash needs none.
  const script = 'exec 3<>"/dev/tcp/$0/53" && cat >&3 && timeout 2 head -c 14 <&3';
  const argv = ['exec', '-i', node, 'timeout', '3', 'bash', '-c', script, address];
  // A cluster's Services have addresses of the same family as its name server.
  const questions = [{ name, type: isIPv6(address) ? 'AAAA' : 'A' } as const];
  const input = streamEncode({ type: 'query', id: 1, flags: RECURSION_DESIRED, questions });
  const { stdout } = await runEngine(argv, context, { input, encoding: 'latin1' });
  return hasAnswer(Buffer.from(stdout, 'latin1'));
}

/** @param response the length and the header at least. @returns true for a response with records and no error */
export function hasAnswer(response: Buffer): boolean {
  if (response.length < 14) return false;
  const isResponse = (response.readUInt8(4) & 0x80) !== 0;
  const isNoError = (response.readUInt8(5) & 0x0f) === 0;
  return isResponse && isNoError && response.readUInt16BE(8) > 0;
}

/** Repeats an attempt until it succeeds. @throws EnvironmentError with the message and the remedy when it is too late */
async function until(
  attempt: () => Promise<boolean>,
  what: string,
  { timeoutMs, signal }: WaitOptions,
  tooLate: () => [message: string, remedy: string],
): Promise<void> {
  const once = async () => (await attempt()) || undefined;
  if (await pollUntil(once, { everyMs: BETWEEN_ATTEMPTS_MS, timeoutMs, signal })) return;
  if (signal.aborted) throw new ClusterError('aborted', `waiting for ${what} was interrupted`);
  throw new EnvironmentError(...tooLate());
}
