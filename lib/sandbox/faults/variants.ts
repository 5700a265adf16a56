import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Manifest } from '../contract.ts';
import { SIDECAR_NAME } from '../mesh/admission.ts';
import { allowsRequest, decideInbound, decideOutbound } from '../mesh/decide.ts';
import type { SidecarConfig } from '../mesh/sidecar-config.ts';
import type { MeshState } from '../mesh/state.ts';
import { NODE_PROXY } from '../node/pod-spec.ts';
import { tellLoss } from '../relay.ts';
import type { Fault } from './fault.ts';
import { takingAll, withAllRoutes } from './settings.ts';

/** How long a stale sidecar may still go by what it was told before, ms. */
const STALE_MS = 1_500;

/** Meshes that are right and look different: other refusals, other places for the proxy, other delays. */
export const looks = {
  'refuses-by-reset': {
    control: () => ({ sidecar: takingAll }),
    data: () => ({ refuse: (client) => client.resetAndDestroy() }),
  },
  'refuses-by-fin': {
    control: () => ({ sidecar: takingAll }),
    data: () => ({ refuse: (client) => tellLoss(client, 'end') }),
  },
  'refuses-by-403': {
    control: () => ({ sidecar: withAllRoutes }),
    data: () => ({ refuse: (client) => sayForbidden(client) }),
  },
  'refuses-by-hanging': {
    control: () => ({ sidecar: takingAll }),
    data: () => ({ refuse: hold, deny: (_, answer) => holdAnswer(answer) }),
  },
  'refuses-the-connection': {
    control: () => ({ sidecar: (config, state) => ({ ...config, taken: reachable(config, state) }) }),
  },
  'stale-for-a-while': {
    data: ({ config, draw }) => {
      let [before, present] = [config(), config()];
      let changedAt = 0;
      const isStale = (): boolean => Date.now() - changedAt < STALE_MS && draw() < 0.5;
      const portOf = (port: number) => before.inbound.find((each) => each.port === port);
      return {
        told: (latest) => {
          [before, present] = [present, latest];
          changedAt = Date.now();
        },
        outbound: (decision, { localAddress = '', localPort = 0 }) =>
          isStale() ? decideOutbound(before, localAddress, localPort) : decision,
        inbound: (decision, port, principal) => (isStale() ? decideInbound(portOf(port), principal) : decision),
        request: (isAllowed, { method = '', url = '', headers }, principal, port) => {
          const inbound = portOf(port);
          return inbound !== undefined && isStale()
            ? allowsRequest(inbound, principal, { method, url, headers })
            : isAllowed;
        },
      };
    },
  },
  'first-connection-after-a-change-lost': {
    data: () => {
      let isFirst = false;
      return {
        told: () => {
          isFirst = true;
        },
        outbound: (decision) => {
          const isLost = isFirst;
          isFirst = false;
          return isLost ? { action: 'refuse' } : decision;
        },
      };
    },
  },
  'half-close-lost': {
    data: () => ({
      outbound: (decision, client) => {
        client.on('end', () => client.destroy());
        return decision;
      },
    }),
  },
  'proxy-is-the-first-container': {
    control: () => ({ admit: (pod) => withContainers(pod, (all) => [...all.reverse()]) }),
  },
  'proxy-per-node': {
    control: () => ({
      admit: (pod) => {
        const proxy = containersOf(pod).find(({ name }) => name === SIDECAR_NAME);
        if (proxy === undefined) return pod;
        const rest = withContainers(pod, (all) => all.filter(({ name }) => name !== SIDECAR_NAME));
        const annotations = { ...rest.metadata.annotations, [NODE_PROXY]: JSON.stringify(proxy) };
        return { ...rest, metadata: { ...rest.metadata, annotations } };
      },
    }),
  },
  'proxy-is-an-init-container': {
    control: () => ({
      admit: (pod) => {
        const proxy = containersOf(pod).find(({ name }) => name === SIDECAR_NAME);
        if (proxy === undefined) return pod;
        const spec = pod['spec'] as { initContainers?: object[] };
        const initContainers = [{ ...proxy, restartPolicy: 'Always' }, ...(spec.initContainers ?? [])];
        const rest = withContainers(pod, (all) => all.filter(({ name }) => name !== SIDECAR_NAME));
        return { ...rest, spec: { ...(rest['spec'] as object), initContainers } };
      },
    }),
  },
} satisfies Record<string, Fault>;

interface Container {
  name: string;
}

function containersOf(pod: Manifest): Container[] {
  return pod.kind === 'Pod' ? (pod['spec'] as { containers: Container[] }).containers : [];
}

function withContainers(pod: Manifest, change: (all: Container[]) => Container[]): Manifest {
  const all = containersOf(pod);
  if (!all.some(({ name }) => name === SIDECAR_NAME)) return pod;
  return { ...pod, spec: { ...(pod['spec'] as object), containers: change([...all]) } };
}

/** Where nobody listens, the kernel refuses. */
function reachable(config: SidecarConfig, state: MeshState): SidecarConfig['taken'] {
  if (!state.egress) return config.routes;
  const isRoute = key(config.routes);
  const isInMesh = key(state.services);
  return state.destinations.filter((place) => isRoute(place) || !isInMesh(place));
}

function key(places: SidecarConfig['taken']): (place: SidecarConfig['taken'][number]) => boolean {
  const names = new Set(places.map(({ address, port }) => `${address}:${port}`));
  return ({ address, port }) => names.has(`${address}:${port}`);
}

/** As a proxy answers that speaks HTTP; other protocols get an end. */
function sayForbidden(client: Socket): void {
  client.on('error', () => client.destroy());
  client.once('end', () => client.end());
  client.once('data', (first: Buffer) => {
    const isHttp = /^[A-Z]+ [^ ]+ HTTP\//.test(first.toString('latin1'));
    if (isHttp) client.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    tellLoss(client, 'end');
  });
}

/** Takes everything and says nothing, until the client gives up. */
function hold(client: Socket): void {
  client.on('error', () => client.destroy());
  client.on('end', () => client.end());
  client.resume();
}

function holdAnswer(answer: ServerResponse): void {
  answer.on('error', () => answer.destroy());
}
