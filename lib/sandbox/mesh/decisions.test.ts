import { expect, test } from '@jest/globals';
import { allowsRequest, decideInbound, decideOutbound, pickEndpoint } from './policy.ts';
import type { InboundPort, InboundRule, OutboundRoute, SidecarConfig } from './sidecar-config.ts';

const endpoint = { address: '10.244.1.2', port: 9000, principal: 'server' };
const route: OutboundRoute = { address: '10.96.1.1', port: 9000, endpoints: [endpoint] };

function config(egress: boolean): SidecarConfig {
  return { podAddress: '10.244.1.1', taken: [], routes: [route], egress, inbound: [] };
}

test('connections to a destination of the mesh go to the mesh in both egress modes', () => {
  expect(decideOutbound(config(false), '10.96.1.1', 9000)).toEqual({ action: 'mesh', route });
  expect(decideOutbound(config(true), '10.96.1.1', 9000)).toEqual({ action: 'mesh', route });
});

test('only egress lets out connections to other ports and addresses', () => {
  expect(decideOutbound(config(false), '10.96.1.1', 9001)).toEqual({ action: 'refuse' });
  expect(decideOutbound(config(true), '10.96.1.1', 9001)).toEqual({ action: 'passthrough' });
  expect(decideOutbound(config(true), '10.96.1.2', 9000)).toEqual({ action: 'passthrough' });
});

test('endpoints take turns', () => {
  const second = { ...endpoint, address: '10.244.1.3' };
  const both = { ...route, endpoints: [endpoint, second] };
  expect([0, 1, 2].map((n) => pickEndpoint(both, n))).toEqual([endpoint, second, endpoint]);
  expect(pickEndpoint({ ...route, endpoints: [] }, 0)).toBeUndefined();
});

test.each<[string, InboundRule[], string]>([
  ['no rule', [], 'refuse'],
  ['a rule for everybody', [{}], 'relay'],
  ['a rule for the client', [{ principals: ['client'] }], 'relay'],
  ['a rule for somebody else', [{ principals: ['other'] }], 'refuse'],
  ['a rule about requests', [{ principals: ['client'], requests: [{}] }], 'refuse'],
])('over TCP, with %s', (_, rules, action) => {
  expect(decideInbound({ port: 9000, protocol: 'tcp', rules }, 'client').action).toBe(action);
});

test('a port that the workload does not have is refused', () => {
  expect(decideInbound(undefined, 'client')).toEqual({ action: 'refuse' });
});

const get = { method: 'GET', url: '/get?nonce=1', headers: { 'user-agent': 'curl/8', many: ['a', 'b'] } };

test.each<[string, InboundRule[], boolean]>([
  ['no rule', [], false],
  ['everybody', [{}], true],
  ['the client, anything', [{ principals: ['client'] }], true],
  ['the client, any request', [{ principals: ['client'], requests: [{}] }], true],
  ['somebody else', [{ principals: ['other'] }], false],
  ['the path, without its query', [{ requests: [{ pathRegex: '/get$' }] }], true],
  ['the beginning of the path', [{ requests: [{ pathRegex: '/g' }] }], true],
  ['the middle of the path', [{ requests: [{ pathRegex: 'et' }] }], false],
  ['another path', [{ requests: [{ pathRegex: '/post' }] }], false],
  ['one of two paths', [{ requests: [{ pathRegex: '/post' }, { pathRegex: '/get' }] }], true],
  ['a pattern that is none', [{ requests: [{ pathRegex: '(' }] }], false],
  ['alternatives, all anchored', [{ requests: [{ pathRegex: '/post|et' }] }], false],
  ['the method', [{ requests: [{ methods: ['GET'] }] }], true],
  ['any method', [{ requests: [{ methods: ['*'] }] }], true],
  ['another method', [{ requests: [{ methods: ['POST'] }] }], false],
  ['a header', [{ requests: [{ headers: { 'User-Agent': 'curl/.*' } }] }], true],
  ['two headers, one of them absent', [{ requests: [{ headers: { 'user-agent': '.*', cookie: '.*' } }] }], false],
  [
    'a rule of two that does not name the client',
    [{ principals: ['other'] }, { requests: [{ methods: ['PUT'] }] }],
    false,
  ],
])('over HTTP, letting in %s: %s', (_, rules, expected) => {
  const inbound: InboundPort = { port: 80, protocol: 'http', rules };
  expect(allowsRequest(inbound, 'client', get)).toBe(expected);
});
