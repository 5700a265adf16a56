/** What suites are written with. Every call goes to the runner, which probes, changes and judges. */
import { type AllowRule, ask, clientActor, type Policy, policyFor, type RouteSpec, serverActor } from './judge/body.ts';

export { declareClaim as claim } from './judge/body.ts';

/** The client of the guides. */
export const curl = clientActor('curl');
/** A second enrolled client with another ServiceAccount. No policy ever names it. */
export const otherClient = clientActor('other-client');
/** An enrolled client in another namespace, whose ServiceAccount has the name of the first one's. */
export const sameNameClient = clientActor('same-name-client');
/** A client outside of the mesh. */
export const unmeshedClient = clientActor('unmeshed-client');

export const httpbin = serverActor('httpbin');
export const tcpEcho = serverActor('tcp-echo');
/** Servers that the mesh calls external. */
export const egressTargetHttp = serverActor('egress-target-httpbin');
export const egressTargetTcp = serverActor('egress-target-tcp-echo');

interface Outcomes {
  answered?: RouteSpec[];
  refused?: RouteSpec[];
}

const judge = async (size: 'given' | 'expect' | 'at-length', { answered = [], refused = [] }: Outcomes) => {
  await ask('expect', { size, answered, refused });
};

/** The state that a claim starts from: shown by a few probes, so that a change can be seen to be one. */
export const given = {
  answered: (...routes: RouteSpec[]) => judge('given', { answered: routes }),
  refused: (...routes: RouteSpec[]) => judge('given', { refused: routes }),
};

/** What the claim says: comes within what the mesh is granted after a change, and is then held. */
export const expect = {
  answered: (...routes: RouteSpec[]) => judge('expect', { answered: routes }),
  refused: (...routes: RouteSpec[]) => judge('expect', { refused: routes }),
  /** Both at the same time, and held together. */
  all: (outcomes: Required<Outcomes>) => judge('expect', outcomes),
  /** Held for so many probes, in a loop inside the pod, that one wrong answer in 500 is caught. */
  answeredAtLength: (...routes: RouteSpec[]) => judge('at-length', { answered: routes }),
  refusedAtLength: (...routes: RouteSpec[]) => judge('at-length', { refused: routes }),
};

export const mesh = {
  permissive: async (value: boolean) => {
    await ask('mode', { mode: 'permissive', value });
  },
  egress: async (value: boolean) => {
    await ask('mode', { mode: 'egress', value });
  },
  /** Removes the mesh and installs it with these modes; the fixtures are enrolled anew. */
  reinstall: async (modes: { permissive: boolean; egress: boolean }) => {
    await ask('reinstall', { modes });
  },
  /** The mode has acted since it was last switched, and not wavered for as long as a stability check lasts. */
  stayed: async (mode: 'permissive' | 'egress') => {
    await ask('stayed', { mode });
  },
  /** Values that are not booleans are refused by the mesh's API. */
  refusesInvalid: async (mode: 'permissive' | 'egress') => {
    await ask('invalid', { mode });
  },
  isEnrolled: async () => {
    await ask('enrolled', {});
  },
  isStable: async () => {
    await ask('stable', {});
  },
};

/** A policy that lets a client in. It does nothing until it is applied, and ends with the claim. */
export function policy(allowRule: AllowRule): Policy {
  return policyFor(allowRule);
}

/** Several policies that are applied, or deleted, in one change. */
export function policies(...allowRules: AllowRule[]): Policy {
  return policyFor(...allowRules);
}

/** One connection kept open over a change; how it fares is reported, not judged. */
export function connection(route: RouteSpec): { open(): Promise<void>; finish(): Promise<void> } {
  return {
    open: async () => {
      await ask('lingerOpen', { route });
    },
    finish: async () => {
      await ask('lingerFinish', { route });
    },
  };
}
