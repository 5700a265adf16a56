import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Manifest } from '../contract.ts';
import { SIDECAR_NAME } from '../mesh/admission.ts';
import { allowsRequest, decideInbound, decideOutbound, inboundRules } from '../mesh/policy.ts';
import type { InboundPort, SidecarConfig } from '../mesh/sidecar-config.ts';
import type { MeshState } from '../mesh/state.ts';
import { NODE_PROXY } from '../node/pod-spec.ts';
import { tellLoss } from '../sockets.ts';
import { lacking, recognisedByAnnotation, replacing, timeLimits } from './driver-changes.ts';
import type { ControlFault, MeshFault } from './fault.ts';
import { oldestFirst } from './memory.ts';
import { takingAll, withAllRoutes, withTargets } from './settings.ts';

const SLOW_REFUSAL_MS = 300;
/** How long a stale sidecar may use its previous configuration, ms. */
const STALE_MS = 1_500;
/** Together they show each refusal: inside the mesh by both protocols, and to the outside. */
const REFUSALS = ['permissive/off-closes', 'tcp-routing/other-port', 'egress/off-closes'];
const ENROLMENT = ['permissive/enrolment', 'tcp-routing/other-port'];

/** Meshes that conform and look different: they refuse in other ways, have other delays, or another place for the proxy. */
export const conformingVariants = withClaims({
  reference: {
    area: 'unchanged',
    description: 'the reference mesh without a change',
  },
  'refuses-by-reset': {
    area: 'refusals',
    description: 'the mesh refuses by a reset',
    control: () => ({ sidecar: takingAll }),
    data: () => ({ refuse: (client) => client.resetAndDestroy() }),
  },
  'refuses-by-fin': {
    area: 'refusals',
    description: 'the mesh refuses by closing the connection',
    control: () => ({ sidecar: takingAll }),
    data: () => ({ refuse: (client) => tellLoss(client, 'end') }),
  },
  'refuses-by-403': {
    area: 'refusals',
    description: 'the mesh always refuses HTTP by status 403',
    control: () => ({ sidecar: withAllRoutes }),
    data: () => ({ refuse: answerForbidden }),
  },
  'refuses-by-hanging': {
    area: 'refusals',
    description: 'the mesh refuses by never answering',
    alongside: ['permissive/off-closes'],
    control: () => ({ sidecar: takingAll }),
    data: () => ({ refuse: neverAnswer, deny: (_, answer) => neverAnswerRequest(answer) }),
  },
  'refuses-after-300-ms': {
    area: 'refusals',
    description: 'each refusal takes 0.3 s',
    alongside: ['permissive/off-closes', 'reliability/keeps-refusing'],
    control: () => ({ sidecar: takingAll }),
    data: () => ({
      refuse: (client) => {
        client.on('error', () => client.destroy());
        setTimeout(() => client.resetAndDestroy(), SLOW_REFUSAL_MS);
      },
      deny: (_, answer) => setTimeout(() => answer.writeHead(403).end(), SLOW_REFUSAL_MS),
    }),
  },
  'refuses-the-connection': {
    area: 'refusals',
    description: 'the mesh refuses by accepting no connection',
    control: () => ({ sidecar: (config, state) => ({ ...config, taken: reachable(config, state) }) }),
  },
  'slow-30-s': {
    area: 'delays',
    description: 'changes act after 30 s, as the driver declares',
    alongside: ['permissive/off-closes'],
    sets: ['reference.actAfter=30s'],
    driver: timeLimits('45s', '15s'),
  },
  'stale-for-a-while': {
    area: 'delays',
    description: 'for 1.5 s after a change, half of the connections follow the previous configuration',
    data: ({ config, random }) => {
      let [before, present] = [config(), config()];
      let changedAt = 0;
      const isStale = (): boolean => Date.now() - changedAt < STALE_MS && random() < 0.5;
      const portOf = (port: number) => before.inbound.find((each) => each.port === port);
      return {
        configured: (latest) => {
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
    area: 'delays',
    description: 'the mesh refuses the first connection after each change',
    because: 'it settles within the time that the driver declares; the run counts and reports the lost connections',
    data: () => {
      let isFirst = false;
      return {
        configured: () => {
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
    area: 'proxies',
    description: 'the mesh closes a connection that its client half-closes',
    caughtBy: ['tcp-routing/half-close'],
    alongside: [...REFUSALS, 'tcp-routing/half-close'],
    data: () => ({
      outbound: (decision, client) => {
        client.on('end', () => client.destroy());
        return decision;
      },
    }),
  },
  'proxy-is-the-first-container': {
    area: 'proxies',
    description: 'the proxy is the first container of its pod',
    alongside: ENROLMENT,
    control: () => ({ admit: (pod) => withContainers(pod, (all) => [...all.reverse()]) }),
  },
  'proxy-is-an-init-container': {
    area: 'proxies',
    description: 'the proxy is a native sidecar: an init container that goes on running',
    alongside: ENROLMENT,
    control: () =>
      movingProxy((pod, proxy) => {
        const { initContainers = [], ...spec } = pod['spec'] as { initContainers?: object[] };
        return {
          ...pod,
          spec: { ...spec, initContainers: [{ ...proxy, restartPolicy: 'Always' }, ...initContainers] },
        };
      }),
  },
  'proxy-per-node': {
    area: 'proxies',
    description: 'the node runs the proxy, which is no container of its pods',
    alongside: ENROLMENT,
    driver: recognisedByAnnotation,
    control: () =>
      movingProxy((pod, proxy) => {
        const annotations = { ...pod.metadata.annotations, [NODE_PROXY]: JSON.stringify(proxy) };
        return { ...pod, metadata: { ...pod.metadata, annotations } };
      }),
  },
  'one-policy-decides-alone': {
    area: 'policies',
    description: 'of the policies that open a port of a server, only the newest decides about that port (Kuma 1.8)',
    alongside: [
      'tcp-routing/allowed-port',
      'tcp-routing/other-account',
      'tcp-routing/other-port',
      'egress/off-keeps-allowed',
    ],
    driver: lacking('additive-policies', 'of the policies for a port of a server, only the newest decides'),
    control: () => {
      const inOrder = oldestFirst();
      return {
        state: (state, now) => ({ ...state, targets: inOrder(state.targets, now) }),
        sidecar: (config, state, { principal }) => ({
          ...config,
          inbound: config.inbound.map((inbound) => ({ ...inbound, rules: newestRules(state, principal, inbound) })),
        }),
      };
    },
  },
  'tcp-policies-open-to-all': {
    area: 'policies',
    description: 'a policy for TCP opens its port to every client of the mesh (Traefik Mesh 1.4)',
    caughtBy: [
      'tcp-routing/other-account',
      'tcp-routing/other-namespace',
      'tcp-routing/every-source',
      'tcp-routing/policies-apart',
      'tcp-routing/edited-source',
      'tcp-routing/other-services',
      'tcp-routing/own-namespace',
      'tcp-routing/server-as-client',
      'permissive/on-ignores-policies',
    ],
    alongside: ['tcp-routing/no-policy', 'permissive/off-closes', 'permissive/switches'],
    control: () => ({
      stateFor: (state, { principal }) =>
        withTargets(state, (target) =>
          target.rules.some(({ kind }) => kind === 'TCPRoute')
            ? { ...target, sources: [...target.sources, principal] }
            : target,
        ),
      sidecar: (config) => ({ ...config, inbound: config.inbound.map(openToAll) }),
    }),
  },
  'older-smi-versions': {
    area: 'APIs',
    description: 'the mesh serves TrafficTarget v1alpha2, and TCPRoute and HTTPRouteGroup v1alpha3',
    alongside: ['tcp-routing/other-port', 'permissive/off-obeys-policy'],
    driver: replacing({
      'access.smi-spec.io/v1alpha3': 'access.smi-spec.io/v1alpha2',
      'specs.smi-spec.io/v1alpha4': 'specs.smi-spec.io/v1alpha3',
      '"name":"v1alpha3"': '"name":"v1alpha2"',
      '"name":"v1alpha4"': '"name":"v1alpha3"',
    }),
  },
});

type Facts = Omit<MeshFault, 'caughtBy'> & { caughtBy?: string[] };

/** Without claims of its own, a variant must pass everything, and its quick cell runs the claims about refusals. */
function withClaims(variants: Record<string, Facts>): Record<string, MeshFault> {
  const common = { caughtBy: [], alongside: REFUSALS };
  return Object.fromEntries(Object.entries(variants).map(([name, variant]) => [name, { ...common, ...variant }]));
}

/** Removes the sidecar from the containers of new pods, and runs it elsewhere. */
function movingProxy(place: (pod: Manifest, proxy: Container) => Manifest): ControlFault {
  return {
    admit: (pod) => {
      const proxy = containersOf(pod).find(({ name }) => name === SIDECAR_NAME);
      if (proxy === undefined) return pod;
      return place(
        withContainers(pod, (all) => all.filter(({ name }) => name !== SIDECAR_NAME)),
        proxy,
      );
    },
  };
}

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

/** The rules that the newest policy for a port gives. `state` has the oldest policy first. */
function newestRules(state: MeshState, server: string, { port, protocol, rules }: InboundPort): InboundPort['rules'] {
  if (state.permissive) return rules;
  const byTarget = state.targets.map((target) => inboundRules({ ...state, targets: [target] }, server, port, protocol));
  return byTarget.findLast((each) => each.length > 0) ?? [];
}

/** Drops the clients from the rules of a TCP port. */
function openToAll(inbound: InboundPort): InboundPort {
  return inbound.protocol === 'tcp' && inbound.rules.length > 0 ? { ...inbound, rules: [{}] } : inbound;
}

/** The destinations that the sidecar listens for. The kernel refuses all others. */
function reachable(config: SidecarConfig, state: MeshState): SidecarConfig['taken'] {
  if (!state.egress) return config.routes;
  const isRoute = placesIn(config.routes);
  const isInMesh = placesIn(state.services);
  return state.destinations.filter((place) => isRoute(place) || !isInMesh(place));
}

function placesIn(places: SidecarConfig['taken']): (place: SidecarConfig['taken'][number]) => boolean {
  const names = new Set(places.map(({ address, port }) => `${address}:${port}`));
  return ({ address, port }) => names.has(`${address}:${port}`);
}

/** Answers HTTP with status 403, and ends other connections. */
function answerForbidden(client: Socket): void {
  client.on('error', () => client.destroy());
  client.once('end', () => client.end());
  client.once('data', (first: Buffer) => {
    const isHttp = /^[A-Z]+ [^ ]+ HTTP\//.test(first.toString('latin1'));
    if (isHttp) client.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    tellLoss(client, 'end');
  });
}

/** Reads everything and never answers, until the client gives up. */
function neverAnswer(client: Socket): void {
  client.on('error', () => client.destroy());
  client.on('end', () => client.end());
  client.resume();
}

function neverAnswerRequest(answer: ServerResponse): void {
  answer.on('error', () => answer.destroy());
}
