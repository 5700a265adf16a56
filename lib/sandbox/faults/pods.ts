import type { MeshService, MeshState, Workload } from '../mesh/state.ts';
import { isEnrolled } from '../mesh/state.ts';
import { ages } from './enrolment.ts';
import { awaitingClaims, type ControlFault, changing, changingFor, inArea, type MeshFault } from './fault.ts';
import { forgetting, returning } from './memory.ts';
import { history, isClient, partsOf, type Settings, settingsOf, withAllRoutes, withRules } from './settings.ts';

const OPEN_MS = 2_000;
const RESTART_OPEN_MS = 3_000;

/** Faulty meshes that lose their way when pods, sidecars, Services or the control plane are replaced. */
export const podFaults = inArea(
  'pods',
  awaitingClaims({
    'restarted-client-loses-policies': {
      description: 'a client pod that replaces another one is let in by no policy',
      caughtBy: ['lifecycle/new-client-pod'],
      ...replaced(isClient, withoutTargets),
    },
    'restarted-server-loses-policies': {
      description: 'a server pod that replaces another one lets nobody in by a policy',
      devised: true,
      caughtBy: ['lifecycle/new-server-pod'],
      ...replaced((workload) => !isClient(workload), withoutTargets),
    },
    'restarted-server-open': {
      description: 'a server pod that replaces another one lets in every client of the mesh',
      devised: true,
      caughtBy: ['lifecycle/new-server-pod'],
      ...opening(() => {
        const ageOf = ages();
        return (_, workload) => ageOf(workload) !== undefined;
      }),
    },
    'new-pods-open-for-2-s': {
      description: 'each new server pod lets in every client of the mesh until it has been Ready for 2 s',
      caughtBy: [],
      control: () => {
        const ready = new Map<string, number>();
        return {
          updateAgainAfterMs: OPEN_MS,
          sidecar: withAllRoutes,
          state: (state, now) => {
            for (const { address } of state.services.flatMap(({ endpoints }) => endpoints)) {
              if (!ready.has(address)) ready.set(address, now);
            }
            return state;
          },
          stateFor: (state, workload) => {
            const since = ready.get(workload.podAddress) ?? performance.now();
            const isNew = !isClient(workload) && performance.now() - since < OPEN_MS;
            return isNew ? { ...state, permissive: true } : state;
          },
        };
      },
    },
    'moved-server-lost': {
      description: 'clients go on connecting to the pod that a server had first',
      caughtBy: [],
      ...withEndpoints((first) => first),
    },
    'gone-pods-still-called': {
      description: 'clients connect to pods of a server that are gone in turn with those that exist',
      devised: true,
      caughtBy: [],
      ...withEndpoints((_, all) => all),
    },
    'second-replica-open': {
      description: 'of two pods of a server the second lets in every client of the mesh',
      caughtBy: [],
      ...opening(() => isLaterReplica),
    },
    'second-replica-knows-no-policy': {
      description: 'of two pods of a server the second lets nobody in by a policy',
      devised: true,
      caughtBy: [],
      ...changingFor(() => (state, workload) => (isLaterReplica(state, workload) ? withoutTargets(state) : state)),
    },
    'second-replica-never-changes': {
      description: 'of two pods of a server the second ignores all changes of modes and policies',
      devised: true,
      caughtBy: [],
      control: () => ({ ...frozenReplicas(), sidecar: withAllRoutes }),
    },
    'late-namespace-gets-no-sidecars': {
      description: 'a namespace that is enrolled after its first pod gets no sidecars',
      devised: true,
      caughtBy: [],
      ...rememberingNamespaces((first, present) => present && !first),
    },
    'left-namespace-gets-sidecars': {
      description: 'a namespace that leaves the mesh still gets sidecars',
      devised: true,
      caughtBy: [],
      ...rememberingNamespaces((first, present) => first && !present),
    },
    'late-namespace-open': {
      description: 'servers of a namespace that is enrolled after its first pod let in every client of the mesh',
      devised: true,
      caughtBy: [],
      control: () => {
        const late = new Set<string>();
        return {
          admission: (request) => {
            const { object, namespace } = request;
            if (object.kind === 'Pod' && !isEnrolled(namespace)) late.add(namespace?.metadata.name ?? '');
            return request;
          },
          stateFor: (state, { principal }) =>
            late.has(partsOf(principal).namespace) ? { ...state, permissive: true } : state,
          sidecar: withAllRoutes,
        };
      },
    },
    'restarted-control-plane-forgets-policies': {
      description: 'policies that are older than a restart of the control plane do not act after it',
      devised: true,
      caughtBy: ['lifecycle/control-plane-restart'],
      ...afterRestart((restartedAt) => forgetting(() => () => (made) => made < restartedAt())),
    },
    'restarted-control-plane-restores-policies': {
      description: 'policies that were deleted before a restart of the control plane act again after it',
      devised: true,
      caughtBy: [],
      ...afterRestart((restartedAt) =>
        returning(
          () =>
            () =>
            ({ at }) =>
              at < restartedAt(),
        ),
      ),
    },
    'restarted-control-plane-opens': {
      description: 'for 3 s after a restart of the control plane the mesh lets in everything from inside',
      devised: true,
      caughtBy: ['lifecycle/control-plane-restart'],
      ...afterRestart((restartedAt) => ({
        control: () => ({
          updateAgainAfterMs: RESTART_OPEN_MS,
          state: (state, now) => (now - restartedAt() < RESTART_OPEN_MS ? { ...state, permissive: true } : state),
        }),
      })),
    },
    'restarted-control-plane-resets-modes': {
      description: 'after a restart of the control plane both modes are off until one of them is switched',
      devised: true,
      caughtBy: [],
      ...afterRestart((restartedAt) =>
        changing(() => {
          const ofModes = history<unknown>();
          return (state, now) => {
            const { since } = ofModes([state.permissive, state.egress], now);
            return since < restartedAt() ? { ...state, permissive: false, egress: false } : state;
          };
        }),
      ),
    },
    'closed-without-control-plane': {
      description: 'while the control plane is away the sidecars refuse everything',
      devised: true,
      caughtBy: ['lifecycle/control-plane-restart'],
      data: () => ({ disconnected: (config) => ({ ...withRules(config, []), egress: false, routes: [] }) }),
    },
    'open-without-control-plane': {
      description: 'while the control plane is away the sidecars let everything in and out',
      devised: true,
      caughtBy: ['lifecycle/control-plane-restart'],
      control: () => ({ sidecar: withAllRoutes }),
      data: () => ({ disconnected: (config) => ({ ...withRules(config, [{}]), egress: true }) }),
    },
    'restarted-sidecar-open': {
      description: 'a server whose sidecar has started again lets in every client of the mesh',
      devised: true,
      caughtBy: [],
      ...opening(
        () =>
          (_, { restarts }) =>
            restarts > 0,
      ),
    },
    'restarted-sidecar-closed': {
      description: 'a pod whose sidecar has started again is let in by no policy, and lets nobody in',
      devised: true,
      caughtBy: [],
      ...changingFor(
        () =>
          (state, { restarts }) =>
            restarts > 0 ? { ...withoutTargets(state), permissive: false } : state,
      ),
    },
    'recreated-service-lost': {
      description: 'a Service that is deleted and created again cannot be reached at its new address',
      devised: true,
      caughtBy: [],
      ...changing(() => {
        const first = new Map<string, string>();
        return (state) => ({ ...state, services: state.services.map((service) => atFirstAddress(service, first)) });
      }),
    },
  }),
);

function withoutTargets(state: MeshState): MeshState {
  return { ...state, targets: [] };
}

/** Another state for pods that replace others of their identity. */
function replaced(
  isMeant: (workload: Workload) => boolean,
  change: (state: MeshState) => MeshState,
): Pick<MeshFault, 'control'> {
  return changingFor(() => {
    const ageOf = ages();
    return (state, workload) => {
      const isReplacement = ageOf(workload) !== undefined;
      return isReplacement && isMeant(workload) ? change(state) : state;
    };
  });
}

/** Some pods let in every client of the mesh. Clients let everything out, so that it shows. @param begin - called once */
function opening(begin: () => (state: MeshState, workload: Workload) => boolean): Pick<MeshFault, 'control'> {
  return {
    control: () => {
      const isOpen = begin();
      return {
        stateFor: (state, workload) => (isOpen(state, workload) ? { ...state, permissive: true } : state),
        sidecar: withAllRoutes,
      };
    },
  };
}

type Endpoints = MeshService['endpoints'];

/** Clients use other pods of each Service: the first ones that it had, or all that it ever had. */
function withEndpoints(choose: (first: Endpoints, all: Endpoints) => Endpoints): Pick<MeshFault, 'control'> {
  return changing(() => {
    const first = new Map<string, Endpoints>();
    const all = new Map<string, Endpoints>();
    return (state) => ({
      ...state,
      services: state.services.map((service) => {
        const { endpoints } = service;
        if (endpoints.length === 0) return service;
        const key = `${service.namespace}/${service.name}:${service.port}`;
        const known = all.get(key) ?? [];
        const more = endpoints.filter(({ address }) => !known.some((each) => each.address === address));
        first.set(key, first.get(key) ?? endpoints);
        all.set(key, [...known, ...more]);
        return { ...service, endpoints: choose(first.get(key) ?? [], all.get(key) ?? []) };
      }),
    });
  });
}

/** True for a pod of a server that has another pod with a lower address. */
function isLaterReplica({ services }: MeshState, { podAddress, principal }: Workload): boolean {
  const addresses = services
    .flatMap(({ endpoints }) => endpoints)
    .filter((endpoint) => endpoint.principal === principal)
    .map(({ address }) => address);
  return addresses.includes(podAddress) && addresses.some((address) => isLower(address, podAddress));
}

function isLower(one: string, other: string): boolean {
  return one.localeCompare(other, 'en', { numeric: true }) < 0;
}

function frozenReplicas(): Pick<ControlFault, 'stateFor'> {
  const first = new Map<string, Settings>();
  return {
    stateFor: (state, workload) => {
      if (!isLaterReplica(state, workload)) return state;
      const settings = first.get(workload.podAddress) ?? settingsOf(state);
      first.set(workload.podAddress, settings);
      return { ...state, ...settings };
    },
  };
}

/** The admission uses a namespace as it was at its first pod. @param isStale - told whether it was enrolled, and is */
function rememberingNamespaces(isStale: (first: boolean, present: boolean) => boolean): Pick<MeshFault, 'control'> {
  return {
    control: () => {
      const known = new Map<string, NonNullable<Parameters<typeof isEnrolled>[0]>>();
      return {
        admission: (request) => {
          const { object, namespace } = request;
          if (object.kind !== 'Pod' || namespace === undefined) return request;
          const first = known.get(namespace.metadata.name) ?? namespace;
          known.set(namespace.metadata.name, first);
          return isStale(isEnrolled(first), isEnrolled(namespace)) ? { ...request, namespace: first } : request;
        },
      };
    },
  };
}

/** A fault that knows when the control plane has started again; before that, the time is in the remote past. */
function afterRestart(fault: (restartedAt: () => number) => Pick<MeshFault, 'control'>): Pick<MeshFault, 'control'> {
  return {
    control: () => {
      let starts = 0;
      let restartedAt = Number.NEGATIVE_INFINITY;
      return {
        ...fault(() => restartedAt).control?.(),
        started: (now) => {
          starts += 1;
          if (starts > 1) restartedAt = now;
        },
      };
    },
  };
}

function atFirstAddress(service: MeshService, first: Map<string, string>): MeshService {
  const isHeadless = service.endpoints.some(({ address }) => address === service.address);
  if (isHeadless) return service;
  const key = `${service.namespace}/${service.name}`;
  const address = first.get(key) ?? service.address;
  first.set(key, address);
  return { ...service, address };
}
