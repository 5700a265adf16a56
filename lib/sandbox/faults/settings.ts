import { outboundRoutes } from '../mesh/policy.ts';
import type { SidecarConfig } from '../mesh/sidecar-config.ts';
import type { MeshState, TrafficTarget, Workload } from '../mesh/state.ts';

/** The part of the state that people set. */
export type Settings = Pick<MeshState, 'permissive' | 'egress' | 'targets' | 'tcpRoutes' | 'httpRouteGroups'>;

export type ModeSetting = 'permissive' | 'egress';

export function settingsOf({ permissive, egress, targets, tcpRoutes, httpRouteGroups }: MeshState): Settings {
  return { permissive, egress, targets, tcpRoutes, httpRouteGroups };
}

export interface Followed<T> {
  /** Before the last change. */
  before: T;
  changes: number;
  /** When it last changed. */
  since: number;
}

/** Follows a value, and says at each look what became of it so far. */
export function following<T>(): (value: T, now: number) => Followed<T> {
  let last: (Followed<T> & { value: T; text: string }) | undefined;
  return (value, now) => {
    const text = JSON.stringify(value);
    if (last === undefined) last = { text, value, before: value, changes: 0, since: now };
    else if (last.text !== text) last = { text, value, before: last.value, changes: last.changes + 1, since: now };
    return last;
  };
}

export function nameOf({ namespace, name }: TrafficTarget): string {
  return `${namespace}/${name}`;
}

/** Of each TrafficTarget, what it was before its own last change: what else changes meanwhile must not bring it about. */
export function trailing(): (targets: TrafficTarget[], now: number) => TrafficTarget[] {
  const known = new Map<
    string,
    (value: TrafficTarget | undefined, now: number) => Followed<TrafficTarget | undefined>
  >();
  return (targets, now) => {
    const present = new Map(targets.map((target) => [nameOf(target), target]));
    for (const key of present.keys()) {
      if (known.has(key)) continue;
      const follow = following<TrafficTarget | undefined>();
      // There was none: that it is there is its first change.
      follow(undefined, now);
      known.set(key, follow);
    }
    return [...known].flatMap(([key, follow]) => follow(present.get(key), now).before ?? []);
  };
}

/** Sends every connection inside the mesh on its way, so that only the server's sidecar refuses. */
export function withAllRoutes(config: SidecarConfig, state: MeshState, workload: Workload): SidecarConfig {
  const routes = outboundRoutes({ ...state, permissive: true }, workload.principal);
  return { ...config, routes, taken: state.destinations };
}

/** Takes every connection of the application, so that none is refused by the kernel. */
export function takingAll(config: SidecarConfig, { destinations }: MeshState): SidecarConfig {
  return { ...config, taken: destinations };
}

export function withTargets(state: MeshState, change: (target: TrafficTarget) => TrafficTarget): MeshState {
  return { ...state, targets: state.targets.map(change) };
}

/** Whether a workload is a client only: no Service selects it. */
export function isClient({ ports }: Workload): boolean {
  return ports.length === 0;
}

/** The namespace and the ServiceAccount of an identity. */
export function partsOf(principal: string): { namespace: string; account: string } {
  const [, namespace = '', account = ''] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal) ?? [];
  return { namespace, account };
}
