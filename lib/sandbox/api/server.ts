/** The API server: HTTPS for requests, WebSockets for exec. */
import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { Server as ListeningSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Admit, Kubelet, ObjectView } from '../contract.ts';
import type { ApiFault } from '../faults/environment.ts';
import { runControllers } from './controllers/run.ts';
import { badRequest, noSuchPath, statusOf } from './errors.ts';
import { execProtocol, readExec, serveExec } from './http/exec.ts';
import type { Service } from './http/request.ts';
import { admit, resourceOf, route } from './http/router.ts';
import type { Core } from './objects/core.ts';
import { Registry } from './resources/registry.ts';
import { Store } from './store.ts';
import { createView } from './view.ts';

export interface ApiServerOptions {
  kubelet: Kubelet;
  /** PEM texts: the server's key and certificate, and the authority that clients trust. */
  tls: { key: string; cert: string; ca: string };
  /** The administrator's bearer token. */
  token: string;
  /** A socket that listens already, or a port of 127.0.0.1 (0: any). */
  listen: { socket: ListeningSocket } | { port: number };
  /** The admission webhook. */
  admit: Admit;
  /** An environment fault that acts before the server does. */
  fault?: ApiFault | undefined;
}

export interface ApiServer {
  /** The objects, for the node side. */
  view: ObjectView;
  /** Undefined for a socket that is not TCP. */
  port: number | undefined;
  /** Ends connections and watches. */
  close(): Promise<void>;
}

/**
 * Starts the server; resolves when it accepts connections.
 * @throws Error if it cannot listen
 */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const core: Core = { store: new Store(), registry: new Registry(), admit: options.admit, applied: new Map() };
  const service: Service = { core, kubelet: options.kubelet, token: options.token };
  runControllers(core, options.kubelet, options.tls.ca);
  const { fault, listen, tls } = options;
  const answer: RequestListener = (request, response) => {
    void route(service, request, response);
  };
  const server = createServer({ key: tls.key, cert: tls.cert }, fault?.around(answer) ?? answer);
  // Watches and followed logs may be silent for long.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 65_000;
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.has(execProtocol) && execProtocol,
  });
  server.on('upgrade', (request, socket, head) => {
    if (fault?.refusesUpgrades()) socket.destroy();
    else upgrade(service, sockets, request, socket, head);
  });
  fault?.attach(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
  });
  if ('socket' in listen) server.listen(listen.socket);
  else server.listen({ ...listen, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  return {
    view: createView(core),
    port: typeof address === 'object' ? address?.port : undefined,
    close: () => {
      for (const client of sockets.clients) client.terminate();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** A refusal before the upgrade is an ordinary answer. */
function upgrade(
  service: Service,
  sockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  try {
    const { target, query } = admit(service, request);
    if (target?.subresource !== 'exec') throw noSuchPath();
    resourceOf(service, target);
    const exec = readExec(service, target, query);
    if (!request.headers['sec-websocket-protocol']?.includes(execProtocol))
      throw badRequest(`the only protocol of exec is ${execProtocol}, over WebSocket`);
    sockets.handleUpgrade(request, socket, head, (client) => serveExec(service, client, exec));
  } catch (error) {
    const status = statusOf(error);
    const text = JSON.stringify(status);
    socket.end(
      `HTTP/1.1 ${status.code} ${status.reason}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    );
  }
}
