import { describe, expect, test } from '@jest/globals';
import type { Server } from '../cluster/fixtures/index.ts';
import { clientActor, serverActor } from './actors.ts';
import { Routes } from './routes.ts';
import { actors, servers } from './testing/stand.ts';

const everyServer = Object.values(servers);
const everyActor = [...Object.values(actors), ...everyServer];
const curl = clientActor('curl');
const outsider = clientActor('outsider');
const outside = serverActor('outside-tcp-echo', 'tcp', 9000);
const container: Server = {
  app: 'run-outside-tcp-echo',
  namespace: '',
  serviceAccount: '',
  container: 'run-outside-tcp-echo',
  enrolled: false,
  logContainer: 'run-outside-tcp-echo',
  host: 'run-outside-tcp-echo',
  clusterIp: '172.18.0.9',
  ports: { tcp: 9000 },
};

describe('a server beside the cluster', () => {
  const routes = new Routes(everyActor, everyServer, undefined, { 'outside-tcp-echo': container });

  test('is what the clients of the mesh reach, by name and by address', () => {
    expect(routes.resolve(curl.says(outside))).toMatchObject({ server: container, host: 'run-outside-tcp-echo' });
    expect(routes.resolve(curl.says(outside.address))).toMatchObject({ server: container, host: '172.18.0.9' });
  });

  test('is asked by the twin itself, whose answers stand for its loopback too', () => {
    const route = routes.resolve(curl.says(outside.address));
    expect(routes.twin(route)).toMatchObject({ client: { app: 'outsider' }, server: container, host: '172.18.0.9' });
    expect(routes.control(route)).toBeUndefined();
  });

  test('leaves the twin of in-mesh routes to the Service that is not enrolled', () => {
    const hello = routes.resolve(curl.says(serverActor('tcp-echo', 'tcp', 9000)));
    expect(routes.twin(hello).server?.app).toBe('outside-tcp-echo');
    expect(routes.control(hello)).toMatchObject({ host: '127.0.0.1' });
    expect(routes.resolve(outsider.says(outside)).server?.app).toBe('outside-tcp-echo');
  });
});

test('without one, the Service that is not enrolled is the target', () => {
  const routes = new Routes(everyActor, everyServer);
  expect(routes.resolve(curl.says(outside)).server?.app).toBe('outside-tcp-echo');
});
