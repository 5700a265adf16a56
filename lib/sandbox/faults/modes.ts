import type { MeshState, Workload } from '../mesh/state.ts';
import type { ControlFault, Fault } from './fault.ts';
import { following, isClient, type ModeSetting, partsOf, withAllRoutes } from './settings.ts';

const COMES_BACK_MS = 8_000;
/** So often a switch that wears out follows. */
const WEAR = 2;
/** The account of the one client that is treated otherwise; it must be one that policies do not name. */
const ONE_CLIENT = 'other-client';
/** Those that policies name: the client of the guides, and its likes, of which claims have one each. */
const NAMED_CLIENTS = ['curl', 'curl-2', 'curl-3', 'curl-4', 'curl-5', 'curl-6'];

/** The permissive mode: switches that do not act, act in part, or do not last. */
export const modeFaults = {
  'permissive-switch-ignored': changing(frozen('permissive')),
  'permissive-never-on': changing(() => (state) => ({ ...state, permissive: false })),
  'permissive-inverted': changing(() => (state) => ({ ...state, permissive: !state.permissive })),
  'permissive-http-only': closedFor(({ ports }) => ports.some(({ protocol }) => protocol === 'tcp')),
  'permissive-tcp-only': closedFor(({ ports }) => ports.some(({ protocol }) => protocol === 'http')),
  'permissive-stale-for-tcp': openFor(({ ports }) => ports.some(({ protocol }) => protocol === 'tcp')),
  'permissive-stale-for-http': openFor(({ ports }) => ports.some(({ protocol }) => protocol === 'http')),
  'permissive-on-comes-back': comingBack('permissive', true),
  'permissive-off-comes-back': comingBack('permissive', false),
  'permissive-leaves-routes': {
    control: () => {
      const opened = new Set<string>();
      return {
        stateFor: (state, { principal }) => {
          // As in osm#3775: a server that a policy names at the time of the switch keeps the routes that it had.
          const isNamed = state.targets.some(({ destination }) => destination.principal === principal);
          if (!isNamed) opened.delete(principal);
          else if (state.permissive) opened.add(principal);
          return opened.has(principal) ? { ...state, permissive: true } : state;
        },
        sidecar: withAllRoutes,
      };
    },
  },
  'half-follow': {
    control: () => {
      let first: Pick<MeshState, ModeSetting> | undefined;
      return {
        stateFor: ({ permissive, egress, ...state }, { principal }) => {
          first ??= { permissive, egress };
          return { ...state, ...(partsOf(principal).namespace.includes('-') ? first : { permissive, egress }) };
        },
      };
    },
  },
  'permissive-wears-out': changing(() => {
    const follow = following<boolean>();
    let last = false;
    return (state, now) => {
      if (follow(state.permissive, now).changes <= WEAR) last = state.permissive;
      return { ...state, permissive: last };
    };
  }),
  'permissive-waits-for-policies': changing(() => {
    const follow = following<unknown>();
    let acting: boolean | undefined;
    return (state, now) => {
      const { since } = follow([state.targets, state.tcpRoutes, state.httpRouteGroups], now);
      if (acting === undefined || since === now) acting = state.permissive;
      return { ...state, permissive: acting };
    };
  }),
  'one-client-never-opened': closedFor(isOneClient),
  'one-client-never-closed': neverClosed([ONE_CLIENT]),
  'named-clients-never-closed': neverClosed(NAMED_CLIENTS),
} satisfies Record<string, Fault>;

function changing(begin: () => NonNullable<ControlFault['state']>): Fault {
  return { control: () => ({ state: begin() }) };
}

/** Keeps a mode as it was when the control plane began. */
function frozen(mode: ModeSetting): () => NonNullable<ControlFault['state']> {
  return () => {
    let first: boolean | undefined;
    return (state: MeshState) => {
      first ??= state[mode];
      return { ...state, [mode]: first };
    };
  };
}

/** Lets a mode return to a value some seconds after it was switched away from it. */
export function comingBack(mode: ModeSetting, value: boolean): Fault {
  return {
    control: () => {
      const follow = following<boolean>();
      return {
        againAfterMs: COMES_BACK_MS,
        state: (state, now) => {
          const { changes, since } = follow(state[mode], now);
          const isBack = changes > 0 && now - since >= COMES_BACK_MS;
          return isBack ? { ...state, [mode]: value } : state;
        },
      };
    },
  };
}

function closedFor(isMeant: (workload: Workload) => boolean): Fault {
  return {
    control: () => ({
      stateFor: (state, workload) => (isMeant(workload) ? { ...state, permissive: false } : state),
    }),
  };
}

/** Never closes servers; clients send on everything, so that it shows. */
function openFor(isMeant: (workload: Workload) => boolean): Fault {
  return {
    control: () => ({
      stateFor: (state, workload) => (isMeant(workload) ? { ...state, permissive: true } : state),
      sidecar: withAllRoutes,
    }),
  };
}

/** Lets clients in to a server's first port, whatever applies. @param accounts in the namespace of the suites' clients */
function neverClosed(accounts: readonly string[]): Fault {
  return {
    control: () => ({
      sidecar: (config, state, workload) => {
        if (isClient(workload) && accounts.includes(partsOf(workload.principal).account)) {
          return withAllRoutes(config, state, workload);
        }
        const principals = accounts.map((account) => workload.principal.replace(/ns\/.*$/, `ns/curl/sa/${account}`));
        const [first, ...others] = [...config.inbound].sort((one, other) => one.port - other.port);
        if (first === undefined) return config;
        return { ...config, inbound: [{ ...first, rules: [...first.rules, { principals }] }, ...others] };
      },
    }),
  };
}

function isOneClient(workload: Workload): boolean {
  return isClient(workload) && partsOf(workload.principal).account === ONE_CLIENT;
}
