import type { MeshState, TrafficTarget } from '../mesh/state.ts';
import { changing, type MeshFault } from './fault.ts';
import { nameOf, type Policies } from './settings.ts';

/** What a faulty control plane remembers about policies. Each function here makes a memory of its own. */

const POLICY_KINDS: readonly Policies[] = ['targets', 'tcpRoutes', 'httpRouteGroups'];

interface Named {
  namespace: string;
  name: string;
}

/** @returns a function that answers when each object was made. An object that is deleted and made again is new. */
export function firstSeen(): (objects: Named[], now: number) => Map<string, number> {
  const times = new Map<string, number>();
  return (objects, now) => {
    const names = objects.map(nameOf);
    for (const name of times.keys()) if (!names.includes(name)) times.delete(name);
    for (const name of names) if (!times.has(name)) times.set(name, now);
    return new Map(times);
  };
}

/** @returns a function that puts targets in the order in which they were made */
export function oldestFirst(): (targets: TrafficTarget[], now: number) => TrafficTarget[] {
  const timesOf = firstSeen();
  return (targets, now) => {
    const order = [...timesOf(targets, now).keys()];
    return [...targets].sort((one, other) => order.indexOf(nameOf(one)) - order.indexOf(nameOf(other)));
  };
}

export interface Version<T> {
  object: T;
  since: number;
}

/** @returns a function that answers all versions of each object, oldest first, from when it was made */
export function versionsOf<T extends Named>(): (objects: T[], now: number) => Version<T>[][] {
  const known = new Map<string, Version<T>[]>();
  return (objects, now) => {
    const names = objects.map(nameOf);
    for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
    return objects.map((object) => {
      const versions = known.get(nameOf(object)) ?? [];
      const isNew = JSON.stringify(versions.at(-1)?.object) !== JSON.stringify(object);
      const all = isNew ? [...versions, { object, since: now }] : versions;
      known.set(nameOf(object), all);
      return all;
    });
  };
}

/** An object that was deleted and has not been made again. */
export interface Deleted {
  kind: Policies;
  object: MeshState[Policies][number];
  at: number;
  wasPermissive: boolean;
}

/** @returns a function that answers all policies and routes that have been deleted */
export function deletedPolicies(): (state: MeshState, now: number) => Deleted[] {
  const known = new Map<string, Pick<Deleted, 'kind' | 'object'> & Partial<Deleted>>();
  return (state, now) => {
    const present = POLICY_KINDS.flatMap((kind) => state[kind].map((object) => ({ kind, object })));
    const keys = new Set(present.map(keyOf));
    for (const each of present) known.set(keyOf(each), each);
    for (const [key, each] of known) {
      if (!keys.has(key)) known.set(key, { at: now, wasPermissive: state.permissive, ...each });
    }
    return [...known.values()].filter((each): each is Deleted => each.at !== undefined);
  };
}

/** Adds deleted objects to the state. */
export function withDeleted(state: MeshState, deleted: Deleted[]): MeshState {
  const all = { ...state };
  for (const { kind, object } of deleted) Object.assign(all, { [kind]: [...all[kind], object] });
  return all;
}

/** True if both targets let one client in to one server. */
export function sharePair(one: TrafficTarget, other: TrafficTarget): boolean {
  return (
    one.destination.principal === other.destination.principal &&
    one.sources.some((source) => other.sources.includes(source))
  );
}

/** Leaves out policies, by when they were made. @param begin - called once */
export function forgetting(
  begin: () => (state: MeshState, now: number) => (made: number) => boolean,
): Pick<MeshFault, 'control'> {
  return changing(() => {
    const timesOf = firstSeen();
    const forgets = begin();
    return (state, now) => {
      const times = timesOf(state.targets, now);
      const isForgotten = forgets(state, now);
      return { ...state, targets: state.targets.filter((target) => !isForgotten(times.get(nameOf(target)) ?? now)) };
    };
  });
}

/** Uses deleted policies and routes again. @param begin - called once */
export function returning(
  begin: () => (state: MeshState, now: number) => (deleted: Deleted) => boolean,
): Pick<MeshFault, 'control'> {
  return changing(() => {
    const deletedIn = deletedPolicies();
    const returns = begin();
    return (state, now) => withDeleted(state, deletedIn(state, now).filter(returns(state, now)));
  });
}

function keyOf({ kind, object }: Pick<Deleted, 'kind' | 'object'>): string {
  return `${kind} ${nameOf(object)}`;
}
