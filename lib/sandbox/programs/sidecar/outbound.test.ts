import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { expect, test } from '@jest/globals';
import { Outbound } from './outbound.ts';
import { Tunnels } from './tunnels.ts';

const LOOPBACK = '127.0.0.1';

/** A loopback port without a listener. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, LOOPBACK), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a server whose sidecar does not listen is lost to the client, and nothing else happens', async () => {
  const lines: string[] = [];
  const outbound = new Outbound((line) => lines.push(line));
  const endpoint = { address: LOOPBACK, port: await closedPort(), principal: 'server' };
  const listener = createServer({ allowHalfOpen: true }, (client: Socket) => {
    const route = { address: LOOPBACK, port: client.localPort ?? 0, endpoints: [endpoint] };
    const config = { podAddress: '10.0.0.1', taken: [], routes: [route], egress: false, inbound: [] };
    outbound.accept(client, config, new Tunnels(createSecureContext()), {});
  });
  await once(listener.listen(0, LOOPBACK), 'listening');
  const client = connect((listener.address() as AddressInfo).port, LOOPBACK);
  await once(client.resume(), 'end');
  client.destroy();
  // An unhandled error at the socket's end would end the process.
  await new Promise((resolve) => listener.close(resolve));
  expect(lines.filter((line) => line.includes('failed')).join()).toContain('ECONNREFUSED');
});
