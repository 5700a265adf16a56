/** What suites are written with. Every call goes to the runner, which probes, changes and judges. */
import { SERVERS, type ServerName } from './fixtures/table.ts';
import { ask } from './judge/ask.ts';
import type { Params } from './judge/calls.ts';
import { MORE_SERVICES } from './judge/routes.ts';

export { declareClaim as claim } from './judge/claim.ts';

type RouteSpec = Params<'openConnection'>['route'];
type ModeName = Params<'mode'>['mode'];

/** A place that a client can reach, and by which way. */
export interface Place {
  to: string;
  protocol: 'http' | 'tcp';
  port: number;
  by: RouteSpec['by'];
}

/** A server fixture as suites write it. */
export interface ServerActor extends Place {
  /** The same place by its address, so that no name is looked up. */
  readonly address: Place;
  /** The same place by its pod's address, past the Service. */
  readonly pod: Place;
  /** The same pods by another Service, once the claim has made it. */
  readonly services: readonly Place[];
  /** Makes the other Services of its pods: one with an address of its own, one without. */
  expose(): Promise<void>;
  /** The server's pod as a client. */
  readonly asClient: ClientActor;
}

/** A client fixture as suites write it. */
export interface ClientActor {
  readonly app: string;
  /** `curl` requests the server's `/get`. */
  gets(place: Place): RouteSpec;
  /** The guides' `curl -I`. */
  heads(place: Place): RouteSpec;
  /** `curl` posts some pages, which the server's answer repeats. */
  posts(place: Place): RouteSpec;
  /** Sends a line with `nc` and keeps the connection open until the answer. */
  sends(place: Place, port?: number): RouteSpec;
  /** The guide's own `echo … | nc`, which closes its half of the connection at once. */
  pipes(place: Place): RouteSpec;
}

function clientActor(app: string): ClientActor {
  const route = (
    { to, by }: Place,
    protocol: 'http' | 'tcp',
    manner: RouteSpec['manner'],
    port: number,
  ): RouteSpec => ({
    client: app,
    to,
    protocol,
    port,
    by,
    manner,
  });
  return {
    app,
    gets: (place) => route(place, 'http', 'plain', place.port),
    heads: (place) => route(place, 'http', 'head', place.port),
    posts: (place) => route(place, 'http', 'large', place.port),
    sends: (place, port = place.port) => route(place, 'tcp', 'plain', port),
    pipes: (place) => route(place, 'tcp', 'half-close', place.port),
  };
}

function serverActor(to: ServerName): ServerActor {
  const { protocol, port } = SERVERS[to];
  const by = (way: Place['by']): Place => ({ to, protocol, port, by: way });
  return {
    ...by('name'),
    address: by('address'),
    pod: by('pod'),
    services: MORE_SERVICES.map(by),
    expose: async () => {
      for (const service of MORE_SERVICES) await ask('expose', { server: to, service });
    },
    asClient: clientActor(to),
  };
}

/** The client of the guides. */
export const curl = clientActor('curl');
/** A second enrolled client with another ServiceAccount. No policy ever names it. */
export const otherClient = clientActor('other-client');
/** An enrolled client in another namespace, whose ServiceAccount has the same name as curl's. */
export const sameNameClient = clientActor('same-name-client');
/** An enrolled client in tcp-echo's own namespace, with the ServiceAccount `default`. No policy ever names it. */
export const neighbour = clientActor('neighbour');
/** A client outside of the mesh. */
export const unmeshedClient = clientActor('unmeshed-client');

export const httpbin = serverActor('httpbin');
export const tcpEcho = serverActor('tcp-echo');
/** Servers that are external to the mesh. */
export const egressTargetHttp = serverActor('egress-target-httpbin');
export const egressTargetTcp = serverActor('egress-target-tcp-echo');

interface Outcomes {
  answered?: RouteSpec[];
  refused?: RouteSpec[];
}

const judge = async (size: Params<'expect'>['size'], { answered = [], refused = [] }: Outcomes) => {
  await ask('expect', { size, answered, refused });
};

/** The state that a claim starts from. A few probes show it, so that a later change can be seen. */
export const given = {
  answered: (...routes: RouteSpec[]) => judge('given', { answered: routes }),
  refused: (...routes: RouteSpec[]) => judge('given', { refused: routes }),
};

/**
 * What the claim says: it happens within the mesh's time after a change, and a sample of probes then finds no
 * exception.
 */
export const expect = {
  answered: (...routes: RouteSpec[]) => judge('expect', { answered: routes }),
  refused: (...routes: RouteSpec[]) => judge('expect', { refused: routes }),
  /** Both at the same time, in one sample. */
  all: (outcomes: Required<Outcomes>) => judge('expect', outcomes),
  /** Both, and they stay so for twelve seconds, whatever other claims change meanwhile. */
  stable: (outcomes: Required<Outcomes>) => judge('stability', outcomes),
  /** A soak: thousands of probes in a loop inside the pod, which catch one wrong answer in 500. */
  soakAnswered: (...routes: RouteSpec[]) => judge('soak', { answered: routes }),
  soakRefused: (...routes: RouteSpec[]) => judge('soak', { refused: routes }),
};

export const mesh = {
  permissive: async (value: boolean) => {
    await ask('mode', { mode: 'permissive', value });
  },
  egress: async (value: boolean) => {
    await ask('mode', { mode: 'egress', value });
  },
  /** Removes the mesh and installs it with these modes; the fixtures are then created again. */
  reinstall: async (modes: { permissive: boolean; egress: boolean }) => {
    await ask('reinstall', { modes });
  },
  /** Deletes the control plane's pods, and waits for those that take their place. */
  restartControlPlane: async () => {
    await ask('restartControlPlane', {});
  },
  /** The mode has acted since it was last switched, and has stayed for as long as a stability check lasts. */
  stayed: async (mode: ModeName) => {
    await ask('stayed', { mode });
  },
  /** The mesh's API refuses values that are not booleans. */
  refusesInvalid: async (mode: ModeName) => {
    await ask('invalid', { mode });
  },
  isEnrolled: async () => {
    await ask('enrolled', {});
  },
  isStable: async () => {
    await ask('stable', {});
  },
};

/** What a policy lets in: each of its clients, to each of its ports. */
export interface AllowRule {
  client: ClientActor | ClientActor[];
  server: ServerActor;
  /** The server's own port unless given. */
  ports?: number[];
  /** HTTP only: the requests that it lets in; every request unless given. */
  matches?: Params<'allow'>['policies'][number]['matches'];
}

interface Changeable {
  apply(): Promise<void>;
  delete(): Promise<void>;
}

/** A policy of the present claim. It does nothing until it is applied, and is removed when the claim ends. */
export interface Policy extends Changeable {
  /** Changes its objects in place, so that they say this from now on. */
  edit(allowRule: AllowRule): Promise<void>;
  /** The object that says what is allowed: a TCPRoute or HTTPRouteGroup. */
  route: Changeable;
  /** The object that says who is allowed: a TrafficTarget. */
  target: Changeable;
}

/** Several policies that are applied, or deleted, in one change. */
export function policies(...allowRules: AllowRule[]): Omit<Policy, 'edit'> {
  return policiesOf(allowRules.map(specOf));
}

/** A policy that lets clients in. */
export function policy(allowRule: AllowRule): Policy {
  const spec = specOf(allowRule);
  return {
    ...policiesOf([spec]),
    edit: async (other) => {
      await ask('allow', { policies: [{ ...specOf(other), name: spec.name }], part: 'all' });
    },
  };
}

type PolicySpec = Params<'allow'>['policies'][number];

function policiesOf(specs: PolicySpec[]): Omit<Policy, 'edit'> {
  const names = specs.map(({ name }) => name);
  const part = (which: Params<'allow'>['part']): Changeable => ({
    apply: async () => {
      await ask('allow', { policies: specs, part: which });
    },
    delete: async () => {
      await ask('remove', { names, part: which });
    },
  });
  return { ...part('all'), route: part('route'), target: part('target') };
}

function specOf({ client, server, ports = [server.port], matches }: AllowRule): PolicySpec {
  const clients = [client].flat().map(({ app }) => app);
  const name = `${clients.join('-and-')}-to-${server.to}-${ports.join('-')}`;
  const { to, protocol } = server;
  return { name, clients, server: to, ports, protocol, ...(matches === undefined ? {} : { matches }) };
}

/** Deletes the pod of a client or server, and waits for the one that takes its place. */
export async function replacePod(fixture: ClientActor | ServerActor): Promise<void> {
  await ask('replace', { fixture: 'app' in fixture ? fixture.app : fixture.to });
}

/** One connection that stays open over a change. What becomes of it is reported, not judged. */
export function connection(route: RouteSpec): { open(): Promise<void>; finish(): Promise<void> } {
  return {
    open: async () => {
      await ask('openConnection', { route });
    },
    finish: async () => {
      await ask('finishConnection', { route });
    },
  };
}
