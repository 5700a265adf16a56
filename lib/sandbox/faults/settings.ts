import { outboundRoutes } from '../mesh/policy.ts';
import type { SidecarConfig } from '../mesh/sidecar-config.ts';
import type { MeshState, TcpRoute, TrafficTarget, Workload } from '../mesh/state.ts';

export type Mode = 'permissive' | 'egress';
export type Policies = 'targets' | 'tcpRoutes' | 'httpRouteGroups';

/** The part of the state that users set. */
export type Settings = Pick<MeshState, Mode | Policies>;

export function settingsOf({ permissive, egress, targets, tcpRoutes, httpRouteGroups }: MeshState): Settings {
  return { permissive, egress, targets, tcpRoutes, httpRouteGroups };
}

export interface History<T> {
  /** The value before the last change. */
  before: T;
  changes: number;
  /** Time of the last change. */
  since: number;
}

/** @returns a function that takes the present value, and returns how often it has changed */
export function history<T>(): (value: T, now: number) => History<T> {
  let last: (History<T> & { value: T; text: string }) | undefined;
  return (value, now) => {
    const text = JSON.stringify(value);
    if (last === undefined) last = { text, value, before: value, changes: 0, since: now };
    else if (last.text !== text) last = { text, value, before: last.value, changes: last.changes + 1, since: now };
    return last;
  };
}

export function nameOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

/** Answers each TrafficTarget as it was before its own last change, whatever else has changed since. */
export function previousTargets(): (targets: TrafficTarget[], now: number) => TrafficTarget[] {
  const known = new Map<string, ReturnType<typeof history<TrafficTarget | undefined>>>();
  return (targets, now) => {
    const present = new Map(targets.map((target) => [nameOf(target), target]));
    for (const key of present.keys()) {
      if (known.has(key)) continue;
      const ofTarget = history<TrafficTarget | undefined>();
      // Its creation is its first change.
      ofTarget(undefined, now);
      known.set(key, ofTarget);
    }
    return [...known].flatMap(([key, ofTarget]) => ofTarget(present.get(key), now).before ?? []);
  };
}

/** Lets every connection inside the mesh leave the client, so that only the server's sidecar refuses. */
export function withAllRoutes(config: SidecarConfig, state: MeshState, workload: Workload): SidecarConfig {
  const routes = outboundRoutes({ ...state, permissive: true }, workload.principal);
  return { ...config, routes, taken: state.destinations };
}

/** Lets connections to the addresses of all pods of the mesh leave the client, with its certificate. */
export function withPodRoutes(config: SidecarConfig, state: MeshState): SidecarConfig {
  const toPods = state.services.flatMap(({ endpoints }) =>
    endpoints.map((endpoint) => ({ address: endpoint.address, port: endpoint.port, endpoints: [endpoint] })),
  );
  return { ...config, routes: [...config.routes, ...toPods], taken: state.destinations };
}

/** The sidecar takes every connection of the application, so that the kernel refuses none. */
export function takingAll(config: SidecarConfig, { destinations }: MeshState): SidecarConfig {
  return { ...config, taken: destinations };
}

/** Replaces the rules of every inbound port. */
export function withRules(config: SidecarConfig, rules: SidecarConfig['inbound'][number]['rules']): SidecarConfig {
  return { ...config, inbound: config.inbound.map((inbound) => ({ ...inbound, rules })) };
}

export function withTargets(state: MeshState, change: (target: TrafficTarget) => TrafficTarget): MeshState {
  return { ...state, targets: state.targets.map(change) };
}

export function withRoutes(state: MeshState, change: (route: TcpRoute) => TcpRoute): MeshState {
  return { ...state, tcpRoutes: state.tcpRoutes.map(change) };
}

/** True if a policy names this server. */
export function isNamed({ targets }: MeshState, server: string): boolean {
  return targets.some(({ destination }) => destination.principal === server);
}

/** True for a workload that no Service selects. */
export function isClient({ ports }: Workload): boolean {
  return ports.length === 0;
}

/** True for the enrolled client that policies never name. */
export function isOtherClient(workload: Workload): boolean {
  return isClient(workload) && partsOf(workload.principal).account === OTHER_CLIENT;
}

export const OTHER_CLIENT = 'other-client';

/** The namespace and the ServiceAccount of an identity. */
export function partsOf(principal: string): { namespace: string; account: string } {
  const [, namespace = '', account = ''] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal) ?? [];
  return { namespace, account };
}
