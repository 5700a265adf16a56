import type { Socket } from 'node:net';
import { namesOn, SERVERS } from '../../fixtures/table.ts';
import type { OutboundDecision } from '../mesh/policy.ts';
import type { MeshState, Workload } from '../mesh/state.ts';
import { isPodAddress } from './addresses.ts';
import { cutAfter } from './connections.ts';
import { hostIn, passIf } from './egress.ts';
import { ages } from './enrolment.ts';
import { awaitingClaims, changingFor, inArea, type MeshFault } from './fault.ts';
import { isClient, takingAll } from './settings.ts';
import { cutting, type Directions, through } from './transforms.ts';

const KNOWN_PORTS: readonly number[] = [SERVERS['egress-target-httpbin'].port, SERVERS['egress-target-tcp-echo'].port];
const HANDSHAKE_RECORD = 0x16;
const CUT_BYTES = 64 * 1_024;
const RESTING_MS = 2_000;

/** Faulty meshes whose egress mode acts for some ports, protocols, addresses or pods only. */
export const egressWayFaults = inArea(
  'egress',
  awaitingClaims({
    'egress-two-ports-only': {
      description: 'egress opens two ports of external hosts only',
      caughtBy: ['egress/bare-addresses'],
      ...closing(({ localPort = 0 }) => !KNOWN_PORTS.includes(localPort)),
    },
    'egress-off-other-ports-open': {
      description: 'with egress off, all ports of external hosts but two are open',
      devised: true,
      caughtBy: ['egress/bare-addresses'],
      ...letting(({ localPort = 0 }) => !KNOWN_PORTS.includes(localPort)),
    },
    'egress-bare-addresses-closed': {
      description: 'egress opens external Services, and leaves addresses closed that are no Service',
      caughtBy: ['egress/bare-addresses'],
      ...closing(({ localAddress = '' }) => isPodAddress(localAddress)),
    },
    'egress-off-bare-addresses-open': {
      description: 'with egress off, external addresses that are no Service are open',
      caughtBy: ['egress/bare-addresses'],
      ...letting(({ localAddress = '' }) => isPodAddress(localAddress)),
    },
    'egress-first-destination-only': {
      description: 'egress opens for each client the first external address that it connects to, and no other',
      devised: true,
      caughtBy: [],
      data: () => {
        let first: string | undefined;
        return {
          outbound: (decision, { localAddress }) => {
            if (decision.action !== 'passthrough') return decision;
            first ??= localAddress;
            return first === localAddress ? decision : { action: 'refuse' };
          },
        };
      },
    },
    'egress-off-keeps-visited': {
      description: 'with egress off, a client still reaches what it reached while egress was on',
      devised: true,
      caughtBy: [],
      control: () => ({ sidecar: takingAll }),
      data: () => {
        const visited = new Set<string>();
        return {
          outbound: (decision, { localAddress, localPort }) => {
            const place = `${localAddress}:${localPort}`;
            if (decision.action === 'passthrough') visited.add(place);
            return decision.action === 'refuse' && visited.has(place) ? { action: 'passthrough' } : decision;
          },
        };
      },
    },
    'egress-tls-closed': {
      description: 'egress leaves TLS to external hosts closed',
      caughtBy: [],
      data: () => ({
        outbound: (decision, client) =>
          decision.action === 'passthrough' ? passIf(client, (first) => !isTls(first)) : decision,
      }),
    },
    'egress-off-tls-open': {
      description: 'with egress off, TLS to external hosts is open',
      devised: true,
      caughtBy: [],
      ...lettingBytes(isTls),
    },
    'egress-off-mesh-names-open': {
      description:
        'with egress off, HTTP to external hosts is open with the name of a server of the mesh in the Host header',
      devised: true,
      caughtBy: [],
      ...lettingBytes((first) => MESH_NAMES.some((name) => hostIn(first).startsWith(name))),
    },
    'egress-off-uploads-open': {
      description: 'with egress off, HTTP requests to external hosts with the method POST or PUT are open',
      devised: true,
      caughtBy: [],
      ...lettingBytes((first) => /^(POST|PUT) /.test(first.toString('latin1'))),
    },
    'egress-never-off-for-servers': {
      description: 'egress is always on for pods that are servers',
      devised: true,
      caughtBy: [],
      ...withEgress(true, (_, workload) => !isClient(workload)),
    },
    'egress-never-on-for-servers': {
      description: 'egress is always off for pods that are servers',
      devised: true,
      caughtBy: [],
      ...withEgress(false, (_, workload) => !isClient(workload)),
    },
    'egress-open-for-named-clients': {
      description: 'with egress off, a client that a policy names reaches external hosts',
      devised: true,
      caughtBy: [],
      ...withEgress(true, isNamedClient),
    },
    'egress-closed-for-named-clients': {
      description: 'with egress on, a client that a policy names does not reach external hosts',
      devised: true,
      caughtBy: [],
      ...withEgress(false, isNamedClient),
    },
    'egress-never-off-for-new-pods': {
      description: 'egress is always on for a client pod that replaces another one',
      devised: true,
      caughtBy: [],
      ...forReplacements(true),
    },
    'egress-never-on-for-new-pods': {
      description: 'egress is always off for a client pod that replaces another one',
      devised: true,
      caughtBy: [],
      ...forReplacements(false),
    },
    'egress-answers-cut-at-64-kib': {
      description: 'the mesh cuts what external hosts send after 64 KiB',
      devised: true,
      caughtBy: [],
      ...wrapping(() => ({ down: cutting(CUT_BYTES) })),
    },
    'egress-uploads-cut-at-64-kib': {
      description: 'the mesh cuts what a client sends to external hosts after 64 KiB',
      devised: true,
      caughtBy: [],
      ...wrapping(() => ({ up: cutting(CUT_BYTES) })),
    },
    'egress-resting-connection-cut': {
      description: 'the mesh closes a connection to an external host that rests for 2 s',
      devised: true,
      caughtBy: [],
      data: () => ({ wrapPassthrough: (connection) => cutAfter(connection, RESTING_MS, true) }),
    },
  }),
);

const MESH_NAMES = namesOn('enrolled', SERVERS).map((name) => `${name}.${SERVERS[name].namespace}`);

/** Refuses some connections to external hosts that egress lets out. */
function closing(isClosed: (client: Socket) => boolean): Pick<MeshFault, 'data'> {
  return {
    data: () => ({
      outbound: (decision, client) =>
        decision.action === 'passthrough' && isClosed(client) ? { action: 'refuse' } : decision,
    }),
  };
}

/** Lets out some connections that the sidecar must refuse. */
function letting(isOpen: (client: Socket) => boolean): Pick<MeshFault, 'control' | 'data'> {
  return {
    control: () => ({ sidecar: takingAll }),
    data: () => ({
      outbound: (decision, client): OutboundDecision =>
        decision.action === 'refuse' && isOpen(client) ? { action: 'passthrough' } : decision,
    }),
  };
}

/** The same, by the first bytes of the connection. */
function lettingBytes(isOpen: (first: Buffer) => boolean): Pick<MeshFault, 'control' | 'data'> {
  return {
    control: () => ({ sidecar: takingAll }),
    data: () => ({
      outbound: (decision, client) => (decision.action === 'refuse' ? passIf(client, isOpen) : decision),
    }),
  };
}

function isTls(first: Buffer): boolean {
  return first[0] === HANDSHAKE_RECORD;
}

/** Some pods have one egress mode for ever. */
function withEgress(
  egress: boolean,
  isMeant: (state: MeshState, workload: Workload) => boolean,
): Pick<MeshFault, 'control'> {
  return changingFor(() => (state, workload) => (isMeant(state, workload) ? { ...state, egress } : state));
}

function isNamedClient({ targets }: MeshState, { principal }: Workload): boolean {
  return targets.some(({ sources }) => sources.includes(principal));
}

function forReplacements(egress: boolean): Pick<MeshFault, 'control'> {
  return changingFor(() => {
    const ageOf = ages();
    return (state, workload) => {
      const isReplacement = ageOf(workload) !== undefined;
      return isReplacement && isClient(workload) ? { ...state, egress } : state;
    };
  });
}

/** @param begin - called for each connection */
function wrapping(begin: () => Directions): Pick<MeshFault, 'data'> {
  return { data: () => ({ wrapPassthrough: (connection) => through(connection, begin()) }) };
}
