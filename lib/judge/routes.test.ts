import { describe, expect, test } from '@jest/globals';
import type { Server } from '../fixtures/index.ts';
import { clientActor, serverActor } from './actors.ts';
import { Routes } from './routes.ts';
import { actors, servers } from './testing/stand.ts';

const everyServer = Object.values(servers);
const everyActor = [...Object.values(actors), ...everyServer];
const curl = clientActor('curl');
const unmeshedClient = clientActor('unmeshed-client');
const outside = serverActor('egress-target-tcp-echo');
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
  const routes = new Routes(everyActor, everyServer, undefined, { 'egress-target-tcp-echo': container });

  test('is what the clients of the mesh reach, by name and by address', () => {
    expect(routes.resolve(curl.says(outside))).toMatchObject({ server: container, host: 'run-egress-target-tcp-echo' });
    expect(routes.resolve(curl.says(outside.address))).toMatchObject({ server: container, host: '172.18.0.9' });
  });

  test('is asked by the unmeshed control itself, whose answers stand for its loopback too', () => {
    const route = routes.resolve(curl.says(outside.address));
    expect(routes.unmeshedControl(route)).toMatchObject({
      client: { app: 'unmeshed-client' },
      server: container,
      host: '172.18.0.9',
    });
    expect(routes.control(route)).toBeUndefined();
  });

  test('leaves the unmeshed control of in-mesh routes to the Service that is not enrolled', () => {
    const hello = routes.resolve(curl.says(serverActor('tcp-echo')));
    expect(routes.unmeshedControl(hello).server?.app).toBe('egress-target-tcp-echo');
    expect(routes.control(hello)).toMatchObject({ host: '127.0.0.1' });
    expect(routes.resolve(unmeshedClient.says(outside)).server?.app).toBe('egress-target-tcp-echo');
  });
});

test('without one, the Service that is not enrolled is the target', () => {
  const routes = new Routes(everyActor, everyServer);
  expect(routes.resolve(curl.says(outside)).server?.app).toBe('egress-target-tcp-echo');
});
