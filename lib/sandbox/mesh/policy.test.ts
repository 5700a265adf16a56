import { expect, test } from '@jest/globals';
import { inboundRules, outboundRoutes, sidecarConfig } from './policy.ts';
import type { HttpRouteGroup, MeshState, TcpRoute, TrafficTarget, Workload } from './state.ts';

const echoService = {
  namespace: 'demo',
  name: 'echo',
  address: '10.96.1.1',
  port: 9000,
  protocol: 'tcp' as const,
  endpoints: [{ address: '10.244.1.2', port: 9000, principal: 'echo' }],
};
const webService = {
  namespace: 'demo',
  name: 'web',
  address: '10.96.1.2',
  port: 80,
  protocol: 'http' as const,
  endpoints: [{ address: '10.244.1.3', port: 80, principal: 'web' }],
};
const nothing: MeshState = {
  permissive: false,
  egress: false,
  services: [echoService, webService],
  destinations: [echoService, webService, { address: '10.96.1.3', port: 80 }].map(({ address, port }) => ({
    address,
    port,
  })),
  targets: [],
  tcpRoutes: [],
  httpRouteGroups: [],
};
const named = { namespace: 'demo', name: 'echo' };
const target: TrafficTarget = {
  ...named,
  destination: { principal: 'echo' },
  sources: ['client'],
  rules: [{ kind: 'TCPRoute', name: 'echo' }],
};
const route: TcpRoute = { ...named, ports: [9000] };
const client: Workload = { podAddress: '10.244.1.9', principal: 'client', ports: [], restarts: 0 };

function tcp(state: Partial<MeshState>, port = 9000): unknown {
  return inboundRules({ ...nothing, targets: [target], tcpRoutes: [route], ...state }, 'echo', port, 'tcp');
}

const letsClientIn = [{ principals: ['client'] }];

test('without policies every client is refused', () => {
  expect(inboundRules(nothing, 'echo', 9000, 'tcp')).toEqual([]);
});

test('in permissive mode every client is let in, with any policies', () => {
  expect(tcp({ permissive: true })).toEqual([{}]);
  expect(outboundRoutes({ ...nothing, permissive: true }, 'anybody')).toHaveLength(2);
});

test('a target with its route lets its sources in on the listed ports', () => {
  expect(tcp({})).toEqual(letsClientIn);
  expect(tcp({}, 9001)).toEqual([]);
});

test.each<[string, Partial<MeshState>, unknown]>([
  ['is not there', { tcpRoutes: [] }, []],
  ['stands in another namespace', { tcpRoutes: [{ ...route, namespace: 'elsewhere' }] }, []],
  ['lists no port', { tcpRoutes: [{ ...route, ports: [] }] }, letsClientIn],
  ['has no list of ports', { tcpRoutes: [named] }, letsClientIn],
])('a route that %s', (_, state, expected) => {
  expect(tcp(state)).toEqual(expected);
});

test.each<[string, Partial<TrafficTarget>, unknown]>([
  ['names another destination', { destination: { principal: 'web' } }, []],
  ['names the port', { destination: { principal: 'echo', port: 9000 } }, letsClientIn],
  ['names another port', { destination: { principal: 'echo', port: 9001 } }, []],
  ['has no rule', { rules: [] }, []],
])('a target that %s', (_, change, expected) => {
  expect(tcp({ targets: [{ ...target, ...change }] })).toEqual(expected);
});

test('a TCPRoute lets no client in over HTTP', () => {
  const state = { ...nothing, targets: [target], tcpRoutes: [{ ...named }] };
  expect(inboundRules(state, 'echo', 9000, 'http')).toEqual([]);
});

const group: HttpRouteGroup = {
  ...named,
  matches: [
    { name: 'read', pathRegex: '/get', methods: ['GET'] },
    { name: 'write', pathRegex: '/post', headers: [{ a: 'b' }, { c: 'd' }] },
  ],
};

function http(matches: string[] | undefined): unknown {
  const rule = { kind: 'HTTPRouteGroup', name: 'echo', ...(matches === undefined ? {} : { matches }) };
  const web = { ...target, destination: { principal: 'web' }, rules: [rule] };
  return inboundRules({ ...nothing, targets: [web], httpRouteGroups: [group] }, 'web', 80, 'http');
}

const read = { pathRegex: '/get', methods: ['GET'] };
const write = { pathRegex: '/post', headers: { a: 'b', c: 'd' } };

test('an HTTPRouteGroup lets in the matches that the target names, or all of them', () => {
  expect(http(['read'])).toEqual([{ principals: ['client'], requests: [read] }]);
  expect(http(undefined)).toEqual([{ principals: ['client'], requests: [read, write] }]);
  expect(http(['nothing'])).toEqual([]);
});

test('a client has routes to what it may call, and to nothing else', () => {
  const state = { ...nothing, targets: [target], tcpRoutes: [route] };
  expect(outboundRoutes(state, 'client').map(({ address }) => address)).toEqual(['10.96.1.1']);
  expect(outboundRoutes(state, 'other')).toEqual([]);
});

test('connections are taken only from a workload that may reach something', () => {
  expect(sidecarConfig(nothing, client).taken).toEqual([]);
  expect(sidecarConfig({ ...nothing, egress: true }, client).taken).toEqual(nothing.destinations);
  expect(sidecarConfig({ ...nothing, permissive: true }, client).taken).toEqual(nothing.destinations);
  expect(sidecarConfig({ ...nothing, targets: [target], tcpRoutes: [route] }, client).taken).toEqual(
    nothing.destinations,
  );
});
