/** The API server: HTTPS for requests, WebSockets for exec. */

import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Server as ListeningSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Admit, Kubelet, ObjectView } from '../contract.ts';
import { runControllers } from './controllers/index.ts';
import { badRequest, noSuchPath } from './errors.ts';
import { execProtocols, readExec, serveExec } from './http/exec.ts';
import { statusOf } from './http/respond.ts';
import { addressOf, checkShape, route, userOf } from './http/router.ts';
import type { Service } from './http/service.ts';
import { attributesOf, targetOf } from './http/target.ts';
import { type Core, createAddresses } from './objects/index.ts';
import { authorize, createTokens } from './rbac/index.ts';
import { createRegistry } from './resources/index.ts';
import { createStore } from './store.ts';
import { createView } from './view.ts';

export interface ApiServerOptions {
  kubelet: Kubelet;
  /** PEM texts: the server's key and certificate, and the authority that clients trust. */
  tls: { key: string; cert: string; ca: string };
  /** The bearer token that may do everything. */
  token: string;
  /** A listening socket that was opened elsewhere, or a port of 127.0.0.1 (0: any). */
  listen: { fd: number } | { socket: ListeningSocket } | { port: number };
  /** Admission webhooks, in order. */
  admissions?: Admit[];
  /** Stands in front of everything, to disturb it on purpose. */
  disturbed?: {
    around(next: RequestListener): RequestListener;
    refusesUpgrades(): boolean;
    attach(cut: () => void): void;
  };
}

export interface ApiServer {
  /** The objects, for the node side. */
  view: ObjectView;
  /** The port that is listened on; undefined where the socket was handed in and is none of TCP. */
  port: number | undefined;
  /** Ends connections, watches and controllers. */
  close(): Promise<void>;
}

/** Starts the server; resolves when it accepts connections. @throws Error where it cannot listen. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const store = createStore();
  const core: Core = {
    store,
    registry: createRegistry(),
    admissions: options.admissions ?? [],
    addresses: createAddresses(store),
  };
  const service: Service = { core, kubelet: options.kubelet, tokens: createTokens(store), token: options.token };
  const stop = runControllers(core, { kubelet: options.kubelet, tokens: service.tokens, authority: options.tls.ca });
  const { disturbed } = options;
  const answer: RequestListener = (request, response) => {
    void route(service, request, response);
  };
  const server = createServer(
    { key: options.tls.key, cert: options.tls.cert },
    disturbed === undefined ? answer : disturbed.around(answer),
  );
  // Pollers and followed logs are quiet for long.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 65_000;
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => execProtocols.find((one) => offered.has(one)) ?? false,
  });
  server.on('upgrade', (request, socket, head) => {
    if (disturbed?.refusesUpgrades()) socket.destroy();
    else upgrade(service, sockets, request, socket, head);
  });
  disturbed?.attach(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
  });
  await listening(server, options.listen);
  const address = server.address();
  return {
    view: createView(core),
    port: typeof address === 'object' ? address?.port : undefined,
    close: () => {
      stop();
      for (const client of sockets.clients) client.terminate();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function listening(server: Server, listen: ApiServerOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    if ('socket' in listen) server.listen(listen.socket);
    else server.listen('fd' in listen ? listen : { ...listen, host: '127.0.0.1' });
  });
}

/** Refusals before the upgrade are ordinary answers, as clients expect them. */
function upgrade(
  service: Service,
  sockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  try {
    const { path, query } = addressOf(request);
    const user = userOf(service, request);
    const target = targetOf(request.method ?? 'GET', path, query);
    if (target?.plural !== 'pods' || target.subresource !== 'exec') throw noSuchPath();
    authorize(service.core.store, user, attributesOf(target));
    checkShape(service.core.registry.builtin('pods'), target);
    const exec = readExec(service, target, query);
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') throw badRequest('Upgrade request required: websocket');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
    if (!offered.some((one) => execProtocols.includes(one)))
      throw badRequest(
        `unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${execProtocols.join(' ')}]`,
      );
    sockets.handleUpgrade(request, socket, head, (client) => serveExec(service, client, exec));
  } catch (error) {
    const status = statusOf(error);
    const text = JSON.stringify(status);
    socket.end(
      `HTTP/1.1 ${status.code ?? 500} ${status.reason || 'Error'}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    );
  }
}
