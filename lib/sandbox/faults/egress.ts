import { connect, isIP, type Socket } from 'node:net';
import { SERVERS } from '../../fixtures/table.ts';
import type { OutboundDecision } from '../mesh/decide.ts';
import { relay, tellLoss } from '../relay.ts';
import type { ControlFault, Fault } from './fault.ts';
import { comingBack } from './modes.ts';
import { isClient, partsOf, takingAll } from './settings.ts';

const HTTP_PORT = SERVERS['egress-target-httpbin'].port;
const ONE_CLIENT = 'other-client';

/** The egress mode. */
export const egressFaults = {
  'egress-needs-restart': {
    control: () => {
      const first = new Map<string, boolean>();
      return {
        stateFor: (state, { podAddress }) => {
          const egress = first.get(podAddress) ?? state.egress;
          first.set(podAddress, egress);
          return { ...state, egress };
        },
      };
    },
  },
  'egress-never-on': changing(() => (state) => ({ ...state, egress: false })),
  'egress-follows-permissive': changing(() => (state) => ({ ...state, egress: state.permissive })),
  'egress-on-once-only': changing(onceOnly(true)),
  'egress-off-once-only': changing(onceOnly(false)),
  'egress-on-comes-back': comingBack('egress', true),
  'egress-off-comes-back': comingBack('egress', false),
  'egress-first-client-only': {
    control: () => {
      let first: string | undefined;
      return {
        stateFor: (state, workload) => {
          if (isClient(workload)) first ??= workload.principal;
          return workload.principal === first ? state : { ...state, egress: false };
        },
      };
    },
  },
  'egress-one-client-never-closed': {
    control: () => ({
      stateFor: (state, { principal }) =>
        partsOf(principal).account === ONE_CLIENT ? { ...state, egress: true } : state,
    }),
  },
  'egress-http-only': {
    data: () => ({
      outbound: (decision, { localPort }) =>
        decision.action === 'passthrough' && localPort !== HTTP_PORT ? { action: 'refuse' } : decision,
    }),
  },
  'egress-tcp-never-closed': {
    data: () => ({
      outbound: (decision, { localPort }) =>
        decision.action === 'refuse' && localPort !== HTTP_PORT ? { action: 'passthrough' } : decision,
    }),
    control: () => ({ sidecar: takingAll }),
  },
  'egress-address-never-closed': {
    data: () => ({ outbound: (decision, client) => (decision.action === 'refuse' ? judgeHost(client) : decision) }),
    control: () => ({ sidecar: takingAll }),
  },
  'egress-opens-in-mesh': {
    control: () => ({ state: (state) => ({ ...state, permissive: state.permissive || state.egress }) }),
  },
  'egress-off-closes-in-mesh': {
    control: () => ({
      sidecar: (config, state) => ({ ...config, routes: state.egress || state.permissive ? config.routes : [] }),
    }),
  },
} satisfies Record<string, Fault>;

function changing(begin: () => NonNullable<ControlFault['state']>): Fault {
  return { control: () => ({ state: begin() }) };
}

/** A value of the switch that cannot be had again once it was left. */
function onceOnly(value: boolean): () => NonNullable<ControlFault['state']> {
  return () => {
    let wasSet = false;
    let isSpent = false;
    return (state) => {
      isSpent ||= wasSet && state.egress !== value;
      wasSet ||= state.egress === value;
      return isSpent ? { ...state, egress: !value } : state;
    };
  };
}

/** Lets a connection out whose request names its host by an address: a rule for names that others slip past. */
function judgeHost(client: Socket): OutboundDecision | undefined {
  client.once('data', (first: Buffer) => {
    const [, host = ''] = /\r\nhost: *([^:\r]+)/i.exec(first.toString('latin1')) ?? [];
    if (isIP(host) === 0) {
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
