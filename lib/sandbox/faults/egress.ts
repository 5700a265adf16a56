import { connect, isIP, type Socket } from 'node:net';
import { SERVERS } from '../../fixtures/table.ts';
import type { OutboundDecision } from '../mesh/policy.ts';
import { relay, tellLoss } from '../sockets.ts';
import { installedWithEgress } from './driver-changes.ts';
import { changing, changingFor, inArea, type MeshFault } from './fault.ts';
import { reverting } from './modes.ts';
import { isClient, OTHER_CLIENT, partsOf, takingAll } from './settings.ts';

const HTTP_PORT = SERVERS['egress-target-httpbin'].port;
const BOTH_IN_ONE_CLAIM = 'one claim installs the mesh with both values';

/** Faulty meshes whose egress mode does not act, acts in part, or does not last. */
export const egressFaults = inArea('egress', {
  'egress-needs-restart': {
    description: 'a sidecar keeps the egress mode that was set when it started',
    caughtBy: ['egress/off-closes', 'egress/stays-off'],
    ...changingFor(() => {
      const first = new Map<string, boolean>();
      return (state, { podAddress }) => {
        const egress = first.get(podAddress) ?? state.egress;
        first.set(podAddress, egress);
        return { ...state, egress };
      };
    }),
  },
  'egress-never-on': {
    description: 'egress is always off',
    caughtBy: ['egress/on-opens', 'egress/stays-on'],
    ...changing(() => (state) => ({ ...state, egress: false })),
  },
  'egress-follows-permissive': {
    description: 'egress follows the permissive switch',
    caughtBy: ['egress/on-keeps-policy', 'egress/off-closes'],
    ...changing(() => (state) => ({ ...state, egress: state.permissive })),
  },
  'egress-on-once-only': {
    description: 'after egress is switched off, it cannot be switched on again',
    caughtBy: ['egress/on-opens', 'egress/switches'],
    ...onceOnly(true),
  },
  'egress-off-once-only': {
    description: 'after egress is switched on again, it cannot be switched off again',
    caughtBy: ['egress/switches', 'egress/every-client', 'egress/set-at-installation'],
    ...onceOnly(false),
  },
  'egress-on-comes-back': {
    description: '8 s after egress is switched off, it is on again',
    caughtBy: ['egress/stays-off'],
    ...reverting('egress', true),
  },
  'egress-off-comes-back': {
    description: '8 s after egress is switched on, it is off again',
    caughtBy: ['egress/stays-on'],
    alongside: ['egress/on-opens'],
    ...reverting('egress', false),
  },
  'egress-first-client-only': {
    description: 'egress opens for one client of the mesh only',
    caughtBy: ['egress/every-client'],
    ...changingFor(() => {
      let first: string | undefined;
      return (state, workload) => {
        if (isClient(workload)) first ??= workload.principal;
        return workload.principal === first ? state : { ...state, egress: false };
      };
    }),
  },
  'egress-one-client-never-closed': {
    description: 'egress is always on for one client of the mesh',
    caughtBy: ['egress/every-client', 'egress/stays-off', 'egress/stays-on'],
    ...changingFor(
      () =>
        (state, { principal }) =>
          partsOf(principal).account === OTHER_CLIENT ? { ...state, egress: true } : state,
    ),
  },
  'egress-http-only': {
    description: 'egress opens HTTP and leaves TCP closed',
    caughtBy: ['egress/on-opens', 'egress/switches'],
    data: () => ({
      outbound: (decision, { localPort }) =>
        decision.action === 'passthrough' && localPort !== HTTP_PORT ? { action: 'refuse' } : decision,
    }),
  },
  'egress-tcp-never-closed': {
    description: 'with egress off, HTTP is closed and TCP is open',
    caughtBy: ['egress/off-closes', 'egress/switches', 'egress/on-keeps-policy'],
    data: () => ({
      outbound: (decision, { localPort }) =>
        decision.action === 'refuse' && localPort !== HTTP_PORT ? { action: 'passthrough' } : decision,
    }),
    control: () => ({ sidecar: takingAll }),
  },
  'egress-address-never-closed': {
    description: 'with egress off, HTTP to names is closed, and HTTP to addresses is open',
    caughtBy: ['egress/off-closes', 'egress/on-opens'],
    data: () => ({ outbound: (decision, client) => (decision.action === 'refuse' ? judgeHost(client) : decision) }),
    control: () => ({ sidecar: takingAll }),
  },
  'egress-opens-in-mesh': {
    description: 'egress opens traffic inside the mesh that no policy allows',
    caughtBy: ['egress/on-keeps-policy'],
    ...changing(() => (state) => ({ ...state, permissive: state.permissive || state.egress })),
  },
  'egress-off-closes-in-mesh': {
    description: 'with egress off, traffic inside the mesh that a policy allows is closed',
    caughtBy: ['egress/off-keeps-allowed'],
    control: () => ({
      sidecar: (config, state) => ({ ...config, routes: state.egress || state.permissive ? config.routes : [] }),
    }),
  },
  'egress-installed-on': {
    description: 'the installation switches egress on, whatever the run asks for',
    driver: installedWithEgress(true),
    caughtBy: ['egress/set-at-installation'],
    because: BOTH_IN_ONE_CLAIM,
  },
  'egress-installed-off': {
    description: 'the installation switches egress off, whatever the run asks for',
    driver: installedWithEgress(false),
    caughtBy: ['egress/set-at-installation'],
    because: BOTH_IN_ONE_CLAIM,
  },
});

/** Once the mode has left this value, it never has it again. */
function onceOnly(value: boolean): Pick<MeshFault, 'control'> {
  return changing(() => {
    let wasSet = false;
    let isOver = false;
    return (state) => {
      isOver ||= wasSet && state.egress !== value;
      wasSet ||= state.egress === value;
      return isOver ? { ...state, egress: !value } : state;
    };
  });
}

/** Lets a request out if its Host header is an address. */
function judgeHost(client: Socket): OutboundDecision | undefined {
  return passIf(client, (first) => isIP(hostIn(first)) !== 0);
}

/** The Host header of an HTTP request, without the port. */
export function hostIn(first: Buffer): string {
  const [, host = ''] = /\r\nhost: *([^:\r]+)/i.exec(first.toString('latin1')) ?? [];
  return host;
}

/** Lets a connection out if its first bytes pass a test. */
export function passIf(client: Socket, isAllowed: (first: Buffer) => boolean): undefined {
  client.once('data', (first: Buffer) => {
    if (!isAllowed(first)) {
      tellLoss(client, 'reset');
      return;
    }
    client.pause();
    client.unshift(first);
    const { localAddress: address = '', localPort: port = 0 } = client;
    relay(client, connect({ host: address, port, allowHalfOpen: true, noDelay: true }), 'end');
  });
  client.on('error', () => client.destroy());
  client.on('end', () => client.end());
  return undefined;
}
