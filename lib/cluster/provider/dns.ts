import type { Cluster } from '../cluster.ts';
import { ProviderError } from './error.ts';
import { persist } from './persist.ts';
import { nodesOf, runEngine, type ToolContext } from './runtime.ts';

const NAME = 'kubernetes.default.svc.cluster.local';

/**
 * Waits until the cluster's DNS answers a lookup, asked from a node through the DNS Service's own address. CoreDNS's
 * Deployment tells when asking is worth while; the answer tells that Service routing works too.
 * @throws ProviderError after `timeoutMs`
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
  await cluster.wait(deployment, isAvailable, {
    timeoutMs: options.timeoutMs,
    signal,
    what: 'CoreDNS to be available',
  });
  const service = await cluster.get({ apiVersion: 'v1', kind: 'Service', namespace: 'kube-system', name: 'kube-dns' });
  const address = (service?.['spec'] as { clusterIP?: string } | undefined)?.clusterIP ?? '';
  const [node = ''] = await nodesOf(clusterName, options);
  const missing = new ProviderError(
    `the cluster's DNS at ${address} does not answer for ${NAME} after ${options.timeoutMs} ms`,
    'look at the pods of CoreDNS in kube-system (--keep leaves the cluster)',
  );
  const attempt = async () => ((await isAnswered(node, address, options)) ? undefined : missing);
  await persist(attempt, { what: 'the cluster DNS', deadline, signal });
}

function isAvailable(deployment: { [field: string]: unknown } | undefined): boolean {
  const status = deployment?.['status'] as { availableReplicas?: number } | undefined;
  return (status?.availableReplicas ?? 0) > 0;
}

async function isAnswered(node: string, address: string, context: ToolContext): Promise<boolean> {
  // Nodes have bash, and no tool that looks names up; over TCP it needs none.
  const script = 'exec 3<>"/dev/tcp/$0/53" && cat >&3 && timeout 2 head -c 14 <&3';
  const argv = ['exec', '-i', node, 'timeout', '3', 'bash', '-c', script, address];
  const { stdout } = await runEngine(argv, context, { input: query(NAME) });
  return hasAnswer(stdout);
}

/** A DNS question for A records over TCP (RFC 1035, 4.1 and 4.2.2). */
export function query(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.from([0x6d, 0x70, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  const message = Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
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
