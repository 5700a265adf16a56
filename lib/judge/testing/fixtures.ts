import type { Actor, Server } from '../../fixtures/index.ts';
import type { Manifest } from '../../kube/cluster.ts';
import type { Route } from '../../probe/index.ts';

/** The fixtures, by the names that suites and stability checks use. */
export const actors = {
  curl: actor('curl', 'curl', true),
  otherClient: actor('other-client', 'curl', true),
  sameNameClient: actor('same-name-client', 'other', true),
  unmeshedClient: actor('unmeshed-client', 'unmeshed', false),
};

export const servers = {
  httpbin: server('httpbin', 'httpbin', true, { http: 14001 }),
  tcpEcho: server('tcp-echo', 'tcp-demo', true, { tcp: 9000, other: 9001 }),
  egressTargetHttpbin: server('egress-target-httpbin', 'unmeshed', false, { http: 14001 }),
  egressTargetTcpEcho: server('egress-target-tcp-echo', 'unmeshed', false, { tcp: 9000 }),
};

/** The plain route from a client to a server's first port. */
export function routeBetween(client: Actor, to: Server): Route {
  const [protocol, port] = Object.entries(to.ports)[0] ?? ['tcp', 0];
  return { client, server: to, protocol: protocol === 'http' ? 'http' : 'tcp', host: to.host, port, manner: 'plain' };
}

function actor(app: string, namespace: string, enrolled: boolean, container = app): Actor {
  return { app, namespace, serviceAccount: app, container, enrolled };
}

function server(app: string, namespace: string, enrolled: boolean, ports: Record<string, number>): Server {
  return {
    ...actor(app, namespace, enrolled, 'control'),
    logContainer: app,
    host: `${app}.${namespace}`,
    clusterIp: `10.96.0.${app.length}`,
    ports,
  };
}

/** The name of the sidecar's container. */
export const SIDECAR = 'envoy';

/** What a test says of a pod. */
export interface PodState {
  /** Distinguishes the pods of one actor. */
  n?: number;
  ready?: boolean;
  ending?: boolean;
  /** By container: how often it restarted, and where it is down, why. */
  containers?: Record<string, { restarts?: number; down?: 'CrashLoopBackOff' | 'Error' }>;
  /** Overrides whether the pod has a sidecar; an enrolled actor's has one. */
  sidecar?: boolean;
}

/** A pod of a fixture as the API shows it. */
export function podOf(actor: Actor | Server, state: PodState = {}): Manifest {
  const { n = 1, ready = true, ending = false, sidecar = actor.enrolled } = state;
  const own = 'logContainer' in actor ? [actor.container, actor.logContainer] : [actor.container];
  return podOfContainers(actor.app, actor.namespace, sidecar ? [...own, SIDECAR] : own, { ...state, n, ready, ending });
}

/** A pod of the control plane's Deployment. */
export function controlPlanePod(name: string, namespace: string, state: PodState = {}): Manifest {
  return podOfContainers(name, namespace, [name], state);
}

/** A Deployment of the control plane. */
export function deploymentOf(name: string, namespace: string, available: number, replicas = 1): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: { app: name } } },
    status: { availableReplicas: available },
  };
}

function podOfContainers(
  app: string,
  namespace: string,
  names: string[],
  { n = 1, ready = true, ending = false, containers = {} }: PodState,
): Manifest {
  const statuses = names.map((name) => {
    const { restarts = 0, down } = containers[name] ?? {};
    const state =
      down === undefined
        ? { running: {} }
        : down === 'Error'
          ? { terminated: { reason: 'Error', exitCode: 1 } }
          : { waiting: { reason: down } };
    const lastState = restarts > 0 ? { lastState: { terminated: { reason: 'Error', exitCode: 1 } } } : {};
    return {
      name,
      containerID: `containerd://${app}-${n}-${name}-${restarts}`,
      restartCount: restarts,
      state,
      ...lastState,
    };
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${app}-${n}`,
      namespace,
      uid: `uid-${app}-${n}`,
      labels: { app },
      ...(ending ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], containerStatuses: statuses },
  };
}
