import type { HttpRouteGroup, MeshState, TcpRoute, TrafficTarget } from '../mesh/state.ts';
import { awaitingClaims, changing, inArea, type MeshFault } from './fault.ts';
import { type Version, versionsOf } from './memory.ts';
import { nameOf, type Policies, settingsOf } from './settings.ts';

const INTERRUPTS_MS = 1_500;

/** Faulty meshes that misread the change of a policy that exists. */
export const policyEditFaults = inArea(
  'edits',
  awaitingClaims({
    'port-edits-ignored': {
      description: 'a TCPRoute keeps the ports with which it was created',
      caughtBy: ['tcp-routing/edited-port'],
      ...editing('tcpRoutes', (versions) => versions.slice(0, 1)),
    },
    'source-edits-ignored': {
      description: 'a TrafficTarget keeps the sources and the rules with which it was created',
      devised: true,
      caughtBy: ['tcp-routing/edited-source'],
      ...editing('targets', (versions) => versions.slice(0, 1)),
    },
    'http-edits-ignored': {
      description: 'an HTTPRouteGroup keeps the matches with which it was created',
      devised: true,
      caughtBy: [],
      ...editing('httpRouteGroups', (versions) => versions.slice(0, 1)),
    },
    'second-edit-ignored': {
      description: 'a policy can be changed once; further changes do not act',
      devised: true,
      caughtBy: ['tcp-routing/edited-port'],
      ...editingAll((versions) => versions.slice(0, 2).slice(-1)),
    },
    'removed-ports-stay': {
      description: 'a port that is removed from a TCPRoute stays open',
      devised: true,
      caughtBy: ['tcp-routing/edited-port'],
      ...editing('tcpRoutes', (versions) => versions.slice(-1).map((version) => withPorts(version, portsOf(versions)))),
    },
    'removed-sources-stay': {
      description: 'a source that is removed from a TrafficTarget is still let in',
      devised: true,
      caughtBy: ['tcp-routing/edited-source'],
      ...editing('targets', (versions) => {
        const sources = versions.flatMap(({ object }) => object.sources);
        return versions.slice(-1).map(({ object, since }) => ({ since, object: { ...object, sources } }));
      }),
    },
    'added-ports-ignored': {
      description: 'a port that is added to a TCPRoute stays closed',
      devised: true,
      caughtBy: ['tcp-routing/edited-port'],
      ...editing('tcpRoutes', (versions) => {
        const known = portsOf(versions.slice(0, 1));
        return versions.slice(-1).map((version) =>
          withPorts(
            version,
            portsOf([version]).filter((port) => known.includes(port)),
          ),
        );
      }),
    },
    'former-destination-stays-open': {
      description: 'a TrafficTarget that gets another destination keeps the former one open',
      devised: true,
      caughtBy: [],
      ...editing('targets', (versions) => {
        const present = versions.slice(-1);
        return versions.flatMap(({ object: { destination } }) =>
          present.map(({ object, since }) => ({ since, object: { ...object, destination } })),
        );
      }),
    },
    'edited-policy-stops': {
      description: 'a policy or a route that is changed stops acting until it is created again',
      devised: true,
      caughtBy: ['tcp-routing/edited-port'],
      ...editingAll((versions) => (versions.length > 1 ? [] : versions)),
    },
    'edit-interrupts': {
      description:
        'a policy or a route that is changed does not act for 1.5 s, with all that it allows before and after',
      devised: true,
      caughtBy: [],
      ...interrupting(),
    },
    'edited-route-waits-for-target': {
      description: 'the change of a route acts only when its TrafficTarget changes too',
      devised: true,
      caughtBy: ['tcp-routing/edited-port'],
      ...changing(() => {
        const [targetsIn, routesIn] = [versionsOf<TrafficTarget>(), versionsOf<TcpRoute>()];
        return (state, now) => {
          const targets = targetsIn(state.targets, now).flatMap((versions) => versions.slice(-1));
          const routes = routesIn(state.tcpRoutes, now).flatMap((versions) => versionBefore(versions, targets));
          return { ...state, tcpRoutes: routes.map(({ object }) => object) };
        };
      }),
    },
    'recreated-policy-has-its-old-content': {
      description: 'a policy or a route that is deleted and created again with other content acts as before',
      devised: true,
      caughtBy: [],
      ...changing(() => {
        const former = new Map<string, { object: object; text: string; isGone: boolean }>();
        return (state) => withOldContent(state, former);
      }),
    },
  }),
);

type Choose<T> = (versions: Version<T>[], now: number) => Version<T>[];

interface ObjectsOf {
  targets: TrafficTarget;
  tcpRoutes: TcpRoute;
  httpRouteGroups: HttpRouteGroup;
}

/** The mesh uses other versions of the objects of one kind. */
function editing<Kind extends Policies>(kind: Kind, choose: Choose<ObjectsOf[Kind]>): Pick<MeshFault, 'control'> {
  return changing(() => {
    const versionsIn = versionsOf<ObjectsOf[Kind]>();
    return (state, now) => {
      const objects = state[kind] as ObjectsOf[Kind][];
      const chosen = versionsIn(objects, now).flatMap((versions) => choose(versions, now));
      return { ...state, [kind]: chosen.map(({ object }) => object) };
    };
  });
}

/** The same for all kinds. */
function editingAll(choose: <T>(versions: Version<T>[], now: number) => Version<T>[]): Pick<MeshFault, 'control'> {
  return changing(() => {
    const kinds = [editing('targets', choose), editing('tcpRoutes', choose), editing('httpRouteGroups', choose)];
    const changes = kinds.map(({ control }) => control?.().state);
    return (state, now) => changes.reduce((seen, change) => change?.(seen, now) ?? seen, state);
  });
}

function interrupting(): Pick<MeshFault, 'control'> {
  const absent = editingAll((versions, now) => {
    const [present] = versions.slice(-1);
    return versions.length > 1 && now - (present?.since ?? 0) < INTERRUPTS_MS ? [] : versions.slice(-1);
  });
  return { control: () => ({ ...absent.control?.(), updateAgainAfterMs: INTERRUPTS_MS }) };
}

function portsOf(versions: Version<TcpRoute>[]): number[] {
  return versions.flatMap(({ object }) => object.ports ?? []);
}

/** Port 0 stands for none, because no port in the list means every port. */
function withPorts({ object, since }: Version<TcpRoute>, ports: number[]): Version<TcpRoute> {
  if (object.ports === undefined) return { object, since };
  return { since, object: { ...object, ports: ports.length > 0 ? ports : [0] } };
}

/** The version of a route that was there when its newest target was last changed. */
function versionBefore(versions: Version<TcpRoute>[], targets: Version<TrafficTarget>[]): Version<TcpRoute>[] {
  const name = versions[0]?.object.name;
  const naming = targets.filter(({ object }) => object.rules.some((rule) => rule.name === name));
  const latest = Math.max(...naming.map(({ since }) => since));
  const before = versions.filter(({ since }) => since <= latest);
  return [...versions.slice(0, 1), ...before].slice(-1);
}

/** Gives an object that comes again the content that it had, until it changes. */
function withOldContent(
  state: MeshState,
  former: Map<string, { object: object; text: string; isGone: boolean }>,
): MeshState {
  const { permissive: _, egress: __, ...policies } = settingsOf(state);
  const present = new Set<string>();
  const seen = { ...state };
  for (const [kind, objects] of Object.entries(policies)) {
    const used = objects.map((object) => {
      const key = `${kind} ${nameOf(object)}`;
      const text = JSON.stringify(object);
      const known = former.get(key);
      present.add(key);
      if (known?.isGone || (known !== undefined && known.text === text)) {
        former.set(key, { ...known, text, isGone: false });
        return known.object;
      }
      former.set(key, { object, text, isGone: false });
      return object;
    });
    Object.assign(seen, { [kind]: used });
  }
  for (const [key, known] of former) if (!present.has(key)) former.set(key, { ...known, isGone: true });
  return seen;
}
