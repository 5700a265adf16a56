import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, Manifest } from '../../lib/kube/index.ts';
import type { Driver } from '../../lib/mesh/index.ts';

/** What a run could leave or change on an existing cluster: one line for each thing, by its name. */
export type LiveState = Map<string, string>;

/** Reads namespaces, Leases, meshproof's records, the mesh's settings and the policies of all namespaces. */
export async function liveState(cluster: Cluster, { spec }: Driver): Promise<LiveState> {
  const state: LiveState = new Map();
  const note = (object: Manifest, value: string) => {
    const { name, namespace } = object.metadata;
    state.set(`${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`, value);
  };
  for (const each of await cluster.list({ apiVersion: 'v1', kind: 'Namespace' })) note(each, 'there');
  for (const each of await cluster.list({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' })) {
    if (!each.metadata.namespace?.startsWith('kube-')) note(each, 'there');
  }
  const labelSelector = 'app.kubernetes.io/managed-by=meshproof';
  for (const each of await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', labelSelector })) note(each, 'there');
  for (const { setting } of Object.values(spec.modes)) {
    const object = setting && (await cluster.get(setting.object));
    if (object !== undefined) note(object, JSON.stringify(object['spec']));
  }
  const allowed = Object.values(spec.policy.allow).flatMap(({ route = [], target }) => [...route, ...target]);
  for (const { apiVersion, kind } of allowed) {
    for (const each of await cluster.list({ apiVersion, kind })) note(each, JSON.stringify(each['spec']));
  }
  return state;
}

/** The differences between two states. */
export function liveDifferences(before: LiveState, after: LiveState): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === is) return [];
    if (was === undefined) return [`left: ${name}`];
    return is === undefined ? [`lost: ${name}`] : [`changed: ${name} from ${was} to ${is}`];
  });
}

const LIMIT_MS = 60_000;
const LOOK_MS = 500;

/**
 * Reads the state until nothing differs, for a minute at most, because deletion goes on in the background. Returns the
 * remaining differences.
 */
export async function untilAsBefore(before: LiveState, look: () => Promise<LiveState>): Promise<string[]> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const differing = liveDifferences(before, await look());
    if (differing.length === 0 || Date.now() > deadline) return differing;
    await pause(LOOK_MS);
  }
}
