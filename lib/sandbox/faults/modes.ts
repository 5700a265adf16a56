import type { MeshState, Workload } from '../mesh/state.ts';
import { changing, changingFor, inArea, type MeshFault, VARIES } from './fault.ts';
import {
  history,
  isClient,
  isNamed,
  isOtherClient,
  type Mode,
  OTHER_CLIENT,
  partsOf,
  withAllRoutes,
} from './settings.ts';

const REVERTS_AFTER_MS = 8_000;
/** The clients that policies name: one for each claim that runs at the same time. */
const NAMED_CLIENTS = ['curl', 'curl-2', 'curl-3', 'curl-4', 'curl-5', 'curl-6'];

/** Faulty meshes whose permissive mode does not act, acts in part, or does not last. */
export const modeFaults = inArea('modes', {
  'permissive-switch-ignored': {
    description: 'the permissive switch does nothing: the mode keeps its first value',
    caughtBy: [
      'permissive/off-closes',
      'permissive/unmeshed-client',
      'tcp-routing/no-policy',
      'tcp-routing/permissive-echo',
      'egress/off-keeps-allowed',
    ],
    ...changing(() => {
      let first: boolean | undefined;
      return (state) => {
        first ??= state.permissive;
        return { ...state, permissive: first };
      };
    }),
  },
  'permissive-never-on': {
    description: 'permissive mode is always off',
    caughtBy: ['permissive/on-opens', 'tcp-routing/permissive-echo'],
    ...changing(() => (state) => ({ ...state, permissive: false })),
  },
  'permissive-inverted': {
    description: 'the permissive switch does the reverse',
    caughtBy: ['permissive/on-opens', 'permissive/off-closes'],
    ...changing(() => (state) => ({ ...state, permissive: !state.permissive })),
  },
  'permissive-http-only': {
    description: 'permissive mode opens HTTP and leaves TCP closed',
    devised: true,
    caughtBy: ['permissive/on-opens', 'tcp-routing/permissive-echo'],
    ...closedFor(serves('tcp')),
  },
  'permissive-tcp-only': {
    description: 'permissive mode opens TCP and leaves HTTP closed',
    caughtBy: ['permissive/on-opens', 'permissive/off-closes'],
    ...closedFor(serves('http')),
  },
  'permissive-stale-for-tcp': {
    description: 'after permissive mode is switched off, it stays on for TCP',
    caughtBy: ['permissive/off-closes', 'tcp-routing/no-policy'],
    ...openFor(serves('tcp')),
  },
  'permissive-stale-for-http': {
    description: 'after permissive mode is switched off, it stays on for HTTP',
    caughtBy: ['permissive/off-closes', 'permissive/switches'],
    ...openFor(serves('http')),
  },
  'permissive-on-comes-back': {
    description: '8 s after permissive mode is switched off, it is on again',
    caughtBy: ['permissive/stays-off'],
    ...reverting('permissive', true),
  },
  'permissive-off-comes-back': {
    description: '8 s after permissive mode is switched on, it is off again',
    caughtBy: ['permissive/stays-on'],
    alongside: ['permissive/on-opens'],
    ...reverting('permissive', false),
  },
  'permissive-leaves-routes': {
    description: 'a server that a policy names when permissive mode ends stays open to all (osm#3775)',
    varies: VARIES.changes,
    devised: true,
    caughtBy: ['permissive/on-ignores-policies'],
    control: () => {
      const opened = new Set<string>();
      return {
        stateFor: (state, { principal }) => {
          if (!isNamed(state, principal)) opened.delete(principal);
          else if (state.permissive) opened.add(principal);
          return opened.has(principal) ? { ...state, permissive: true } : state;
        },
        sidecar: withAllRoutes,
      };
    },
  },
  'half-follow': {
    description: 'the sidecars of half of the namespaces ignore every switch',
    caughtBy: ['tcp-routing/other-namespace', 'egress/every-client'],
    ...changingFor(() => {
      let first: Pick<MeshState, Mode> | undefined;
      return ({ permissive, egress, ...state }, { principal }) => {
        first ??= { permissive, egress };
        return { ...state, ...(partsOf(principal).namespace.includes('-') ? first : { permissive, egress }) };
      };
    }),
  },
  'permissive-wears-out': {
    description: 'the mesh follows the permissive switch twice, and then ignores it',
    varies: VARIES.changes,
    caughtBy: ['permissive/switches'],
    ...changing(() => {
      const ofMode = history<boolean>();
      let last = false;
      return (state, now) => {
        if (ofMode(state.permissive, now).changes <= 2) last = state.permissive;
        return { ...state, permissive: last };
      };
    }),
  },
  'permissive-waits-for-policies': {
    description: 'a switch of permissive mode acts only when a policy changes next',
    varies: VARIES.changes,
    caughtBy: ['permissive/on-opens', 'permissive/off-closes'],
    ...changing(() => {
      const ofPolicies = history<unknown>();
      let acting: boolean | undefined;
      return (state, now) => {
        const { since } = ofPolicies([state.targets, state.tcpRoutes, state.httpRouteGroups], now);
        if (acting === undefined || since === now) acting = state.permissive;
        return { ...state, permissive: acting };
      };
    }),
  },
  'one-client-never-opened': {
    description: 'permissive mode never opens for one client of the mesh',
    caughtBy: ['permissive/stays-on'],
    ...closedFor(isOtherClient),
  },
  'one-client-never-closed': {
    description: 'the mesh never refuses one of its clients',
    caughtBy: ['permissive/stays-off', 'permissive/stays-on', 'tcp-routing/other-account'],
    ...neverClosed([OTHER_CLIENT]),
  },
  'named-clients-never-closed': {
    description: 'the first port of each server is always open to the clients that policies name elsewhere',
    varies: VARIES.changes,
    caughtBy: ['tcp-routing/other-account', 'tcp-routing/other-namespace', 'tcp-routing/other-port'],
    ...neverClosed(NAMED_CLIENTS),
  },
});

/** Sets a mode back to a value some seconds after somebody switches it to the other. */
export function reverting(mode: Mode, value: boolean): Pick<MeshFault, 'control'> {
  return {
    control: () => {
      const ofMode = history<boolean>();
      return {
        updateAgainAfterMs: REVERTS_AFTER_MS,
        state: (state, now) => {
          const { changes, since } = ofMode(state[mode], now);
          return changes > 0 && now - since >= REVERTS_AFTER_MS ? { ...state, [mode]: value } : state;
        },
      };
    },
  };
}

function serves(wanted: 'http' | 'tcp'): (workload: Workload) => boolean {
  return ({ ports }) => ports.some(({ protocol }) => protocol === wanted);
}

function closedFor(isMeant: (workload: Workload) => boolean): Pick<MeshFault, 'control'> {
  return changingFor(() => (state, workload) => (isMeant(workload) ? { ...state, permissive: false } : state));
}

/** Never closes these servers. Clients let everything out, so that it shows. */
function openFor(isMeant: (workload: Workload) => boolean): Pick<MeshFault, 'control'> {
  return {
    control: () => ({
      stateFor: (state, workload) => (isMeant(workload) ? { ...state, permissive: true } : state),
      sidecar: withAllRoutes,
    }),
  };
}

/** Always lets clients in to the first port of each server. @param accounts - in the namespace `curl` */
function neverClosed(accounts: readonly string[]): Pick<MeshFault, 'control'> {
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
