import { isIPv6 } from 'node:net';
import { parse } from 'yaml';
import type { Cluster } from '../kube/cluster.ts';
import { lastWords } from '../processes/tool.ts';
import { EnvironmentError } from '../words/index.ts';
import { pollUntil } from './poll-until.ts';
import { nodesOf, runEngine, type ToolContext } from './runtime.ts';

/** What a node's kubelet writes into the resolv.conf of its pods. */
export interface NodeDns {
  /** `cluster.local` unless the cluster was made with another one. */
  domain: string;
  address: string;
}

/** Where kubeadm leaves the kubelet's configuration on every node. */
const KUBELET_CONFIG = '/var/lib/kubelet/config.yaml';

/**
 * The cluster's domain and name server, as a kind cluster's pods will have them.
 * @throws EnvironmentError where no node says
 */
export async function nodeDns(clusterName: string, context: ToolContext): Promise<NodeDns> {
  const [node = ''] = await nodesOf(clusterName, context);
  const result = await runEngine(['exec', node, 'cat', KUBELET_CONFIG], context);
  const { clusterDomain = '', clusterDNS: [address = ''] = [] } = kubeletConfig(result.stdout.toString());
  if (clusterDomain !== '' && address !== '') return { domain: clusterDomain, address };
  throw new EnvironmentError(
    `node ${node} does not say what the cluster's domain and name server are: ${KUBELET_CONFIG} lacks clusterDomain or clusterDNS${result.exitCode === 0 ? '' : ` (${lastWords(result)})`}`,
    'set both in the KubeletConfiguration of the --kind-config, or leave them to kubeadm',
  );
}

function kubeletConfig(text: string): { clusterDomain?: string; clusterDNS?: string[] } {
  return (parse(text) ?? {}) as { clusterDomain?: string; clusterDNS?: string[] };
}

/**
 * Waits until the cluster's DNS answers a lookup, asked from a node through the DNS Service's own address. CoreDNS's
 * Deployment tells when asking is worth while; the answer tells that Service routing works too. Returns at once where there
 * is no such Deployment, since what answers instead may be yet to be installed.
 * @throws EnvironmentError after `timeoutMs`
 * @throws ClusterError `aborted`, or what the API server refuses
 */
export async function waitForDns(
  cluster: Cluster,
  clusterName: string,
  options: ToolContext & { timeoutMs: number },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  const { signal } = options;
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'coredns' };
  if ((await cluster.get(deployment)) === undefined) return;
  await cluster.wait(deployment, isAvailable, {
    timeoutMs: options.timeoutMs,
    signal,
    what: 'CoreDNS to be available',
  });
  const [node = ''] = await nodesOf(clusterName, options);
  const { domain, address } = await nodeDns(clusterName, options);
  const name = `kubernetes.default.svc.${domain}`;
  const missing = new EnvironmentError(
    `the cluster's DNS at ${address} does not answer for ${name} after ${options.timeoutMs} ms`,
    'look at the pods of CoreDNS in kube-system (--keep leaves the cluster)',
  );
  const attempt = async () => ((await isAnswered(node, name, address, options)) ? undefined : missing);
  await pollUntil(attempt, { what: 'the cluster DNS', deadline, signal });
}

function isAvailable(deployment: { [field: string]: unknown } | undefined): boolean {
  const status = deployment?.['status'] as { availableReplicas?: number } | undefined;
  return (status?.availableReplicas ?? 0) > 0;
}

async function isAnswered(node: string, name: string, address: string, context: ToolContext): Promise<boolean> {
  // Nodes have bash, and no tool that looks names up; over TCP it needs none.
  const script = 'exec 3<>"/dev/tcp/$0/53" && cat >&3 && timeout 2 head -c 14 <&3';
  const argv = ['exec', '-i', node, 'timeout', '3', 'bash', '-c', script, address];
  // A cluster's Services are of the family that its name server is of.
  const { stdout } = await runEngine(argv, context, { input: query(name, isIPv6(address) ? 'AAAA' : 'A') });
  return hasAnswer(stdout);
}

/** RFC 1035, 3.2.2, and RFC 3596, 2.1. */
const RECORD_TYPES = { A: 1, AAAA: 28 } as const;

/** A DNS question for addresses over TCP (RFC 1035, 4.1 and 4.2.2). */
export function query(name: string, type: keyof typeof RECORD_TYPES): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.from([0x6d, 0x70, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  const message = Buffer.concat([header, ...labels, Buffer.from([0, 0, RECORD_TYPES[type], 0, 1])]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** @param response its length and header at least: no error, and one record or more */
export function hasAnswer(response: Buffer): boolean {
  if (response.length < 14) return false;
  const isResponse = (response.readUInt8(4) & 0x80) !== 0;
  const isNoError = (response.readUInt8(5) & 0x0f) === 0;
  return isResponse && isNoError && response.readUInt16BE(8) > 0;
}
