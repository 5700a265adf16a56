import { once } from 'node:events';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Api } from '../api.ts';
import { Connections } from '../connections.ts';

/** A test's server on loopback, and a client for which it is the API server. */
export interface LocalApi {
  api: Api;
  /** Aborted when the client is closed. */
  closing: AbortController;
  /** Ends the client and the server, with every connection. */
  close(): void;
}

/**
 * @param server the test's server; it does not listen yet
 * @param path of the server's URL, in front of every request's path
 */
export async function serveLocally(server: http.Server, path = ''): Promise<LocalApi> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}${path}`);
  const connections = new Connections(url, {}, undefined);
  const access = async () => ({ headers: {}, connections, accepted: () => undefined, refused: () => false });
  const endpoint = { server: url, notes: [], access, close: () => connections.close() };
  const closing = new AbortController();
  return {
    api: new Api(endpoint, closing.signal, () => undefined),
    closing,
    close() {
      closing.abort();
      server.closeAllConnections();
      server.close();
    },
  };
}
