import type { Cluster, Manifest } from '../kube/cluster.ts';
import { EnvironmentError } from '../words/index.ts';
import { pollUntil } from './poll-until.ts';
import { nodesOf, runEngine, type ToolContext } from './runtime.ts';

/** Longest that one try may take, s. */
const TRY_S = 2;
/** Where kubeadm leaves, on every node, what the API server's certificate is signed by. */
const AUTHORITY = '/etc/kubernetes/pki/ca.crt';

/**
 * Waits until every node routes Services to what is behind them: a pod that starts a moment earlier, such as a job of an
 * installer that asks the API server once, is refused its connection, or reaches whatever has that address outside of
 * the cluster. Returns at once where no kube-proxy was asked for, since what does its work may be yet to be installed.
 * @throws EnvironmentError after `timeoutMs`
 * @throws ClusterError `aborted`, `timeout`, or what the API server refuses
 */
export async function waitForServices(
  cluster: Cluster,
  clusterName: string,
  options: ToolContext & { timeoutMs: number },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  const { signal } = options;
  const proxy = { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'kube-proxy' };
  if ((await cluster.get(proxy)) === undefined) return;

  const names = (await cluster.list({ apiVersion: 'v1', kind: 'Node' })).map(({ metadata }) => metadata.name);
  await cluster.wait(proxy, (object) => runsOn(object, names.length), {
    timeoutMs: options.timeoutMs,
    signal,
    what: `kube-proxy to run on ${names.join(', ')}`,
  });
  const url = serviceUrl(
    await cluster.get({ apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'kubernetes' }),
  );
  const containers = new Set(await nodesOf(clusterName, options));
  await Promise.all(
    names
      .filter((name) => containers.has(name))
      .map((node) => pollUntil(() => askFrom(node, url, options), { what: 'Service routing', deadline, signal })),
  );
}

/** A kube-proxy that runs may have written no rule yet, so only an answer counts. */
async function askFrom(node: string, url: string, context: ToolContext): Promise<EnvironmentError | undefined> {
  // That it is the API server, and not something outside that answers for every address, is told by the certificate.
  const argv = ['exec', node, 'curl', '-gsS', '-o', '/dev/null', '-m', `${TRY_S}`, '--cacert', AUTHORITY, url];
  const { exitCode, stderr } = await runEngine(argv, context);
  if (exitCode === 0) return undefined;
  return new EnvironmentError(
    `node ${node} does not route Services: ${url}, the API server's, is not answered there: ${stderr.trim()}`,
    'look at the pods of kube-proxy in kube-system (--keep leaves the cluster)',
  );
}

function runsOn(daemonSet: Manifest | undefined, nodes: number): boolean {
  const { desiredNumberScheduled = 0, numberReady = 0 } = (daemonSet?.['status'] ?? {}) as {
    desiredNumberScheduled?: number;
    numberReady?: number;
  };
  return desiredNumberScheduled >= nodes && numberReady >= desiredNumberScheduled;
}

function serviceUrl(service: Manifest | undefined): string {
  const { clusterIP = '' } = (service?.['spec'] ?? {}) as { clusterIP?: string };
  return `https://${clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP}/readyz`;
}
