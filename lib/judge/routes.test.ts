import { describe, expect, test } from '@jest/globals';
import type { Server } from '../fixtures/index.ts';
import { type RouteSpec, Routes } from './routes.ts';
import { actors, servers } from './testing/fixtures.ts';

const everyServer = Object.values(servers);
const everyActor = [...Object.values(actors), ...everyServer];

/** The TCP route from a client to a server, by name unless given. */
function route(client: string, to: string, by: RouteSpec['by'] = 'name'): RouteSpec {
  return { client, to, protocol: 'tcp', port: 9000, by, manner: 'plain' };
}

const container: Server = {
  app: 'run-egress-target-tcp-echo',
  namespace: '',
  serviceAccount: '',
  container: 'run-egress-target-tcp-echo',
  enrolled: false,
  logContainer: 'run-egress-target-tcp-echo',
  host: 'run-egress-target-tcp-echo',
  clusterIp: '172.18.0.9',
  ports: { tcp: 9000 },
};

describe('a server beside the cluster', () => {
  const routes = new Routes(everyActor, () => '10.244.0.9', undefined, { 'egress-target-tcp-echo': container });

  test('is what the clients of the mesh reach, by name and by address', () => {
    expect(routes.resolve(route('curl', 'egress-target-tcp-echo'))).toMatchObject({
      server: container,
      host: 'run-egress-target-tcp-echo',
    });
    expect(routes.resolve(route('curl', 'egress-target-tcp-echo', 'address'))).toMatchObject({
      server: container,
      host: '172.18.0.9',
    });
  });

  test('is asked by the unmeshed control itself, whose answers stand for its loopback too', () => {
    const byAddress = routes.resolve(route('curl', 'egress-target-tcp-echo', 'address'));
    expect(routes.unmeshedControl(byAddress)).toMatchObject({
      client: { app: 'unmeshed-client' },
      server: container,
      host: '172.18.0.9',
    });
    expect(routes.loopbackControl(byAddress)).toBeUndefined();
  });

  test('leaves the unmeshed control of in-mesh routes to the Service that is not enrolled', () => {
    const hello = routes.resolve(route('curl', 'tcp-echo'));
    expect(routes.unmeshedControl(hello).server?.app).toBe('egress-target-tcp-echo');
    expect(routes.loopbackControl(hello)).toMatchObject({ host: '127.0.0.1' });
    expect(routes.resolve(route('unmeshed-client', 'egress-target-tcp-echo')).server?.app).toBe(
      'egress-target-tcp-echo',
    );
  });
});

test('without one, the Service that is not enrolled is the target', () => {
  const routes = new Routes(everyActor, () => '10.244.0.9');
  expect(routes.resolve(route('curl', 'egress-target-tcp-echo')).server?.app).toBe('egress-target-tcp-echo');
});
