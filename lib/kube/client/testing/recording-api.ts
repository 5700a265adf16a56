import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Identity } from './pki.ts';

/** The parts of a request that depend on the kubeconfig. */
export interface Seen {
  path: string;
  authorization?: string;
  /** Every header of an impersonation, sorted. */
  impersonation?: string[];
  /** The client's certificate by its common name, and by those of its issuers as the client sent them. */
  certificate?: string;
  /** The name that the client asked for in its TLS handshake. */
  servername?: string;
  /** The proxy, and the credentials for it. */
  by?: string;
}

/** Servers on loopback that record their requests. They answer every path. */
export interface RecordingApi {
  https: string;
  httpsIPv6: string;
  /** With a certificate of an authority below the others'. */
  httpsBelow: string;
  http: string;
  proxies: { http: string; https: string; socks5: string };
  /** The requests since the last call, without kubectl's own requests for the version. */
  seen(): Seen[];
  /** Called with a request that wants to become a WebSocket. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Answers a request; default: status 200. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** The proxies' answer to CONNECT; default: they connect. */
  refuseTunnels: string | undefined;
  /** The proxies accept a request for a tunnel and do not answer. */
  ignoreTunnels: boolean;
  close(): void;
}

/**
 * @param own of the servers and the HTTPS proxy
 * @param below of one more server
 * @param authority of the clients' certificates
 */
export async function recordingApi(own: Identity, below: Identity, authority: Identity): Promise<RecordingApi> {
  const records: Seen[] = [];
  /** The proxy of a connection, by the port that it comes from. */
  const ways = new Map<number, string>();
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    records.push(recordOf(request, ways));
    api.answer(request, response);
  };
  const tls = { cert: own.cert, key: own.key, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
  const servers = [
    https.createServer(tls, handle),
    https.createServer(tls, handle),
    http.createServer(handle),
    https.createServer({ ...tls, cert: below.cert, key: below.key }, handle),
  ];
  const proxies = [http.createServer(), https.createServer(tls)];
  const socks = net.createServer((socket) => void serveSocks(socket, target, ways).catch(() => socket.destroy()));
  const hosts = ['127.0.0.1', '::1'];
  for (const [index, server] of [...servers, ...proxies, socks].entries()) {
    server.listen(0, hosts[index] ?? '127.0.0.1');
    await once(server, 'listening');
  }
  const port = (server: net.Server | undefined) => (server?.address() as AddressInfo | undefined)?.port ?? 0;
  /** Any name that a client asks for is the server here. */
  const target = (asked: number) => servers.map(port).find((each) => each === asked) ?? port(servers[0]);
  const api: RecordingApi = {
    https: `https://127.0.0.1:${port(servers[0])}`,
    httpsIPv6: `https://[::1]:${port(servers[1])}`,
    httpsBelow: `https://127.0.0.1:${port(servers[3])}`,
    http: `http://127.0.0.1:${port(servers[2])}`,
    proxies: {
      http: `http://127.0.0.1:${port(proxies[0])}`,
      https: `https://127.0.0.1:${port(proxies[1])}`,
      socks5: `socks5://127.0.0.1:${port(socks)}`,
    },
    seen: () => records.splice(0).filter(({ path }) => !/\/version(\?|$)/.test(path)),
    answer: (_request, response) => response.end('{}'),
    upgrade: (_request, socket) => socket.destroy(),
    refuseTunnels: undefined,
    ignoreTunnels: false,
    close() {
      for (const server of [...servers, ...proxies]) {
        server.closeAllConnections();
        server.close();
      }
      for (const socket of sockets) socket.destroy();
      socks.close();
    },
  };
  for (const server of servers) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      records.push(recordOf(request, ways));
      api.upgrade(request, socket, head);
    });
  }
  const sockets = new Set<Duplex>();
  for (const proxy of [...proxies, socks]) proxy.on('connection', (socket: Socket) => sockets.add(socket));
  for (const [index, proxy] of proxies.entries()) {
    const name = index === 0 ? 'http proxy' : 'https proxy';
    proxy.on('connect', (request: IncomingMessage, socket: Duplex) => {
      if (api.ignoreTunnels) return;
      if (api.refuseTunnels !== undefined) return void socket.end(`HTTP/1.1 ${api.refuseTunnels}\r\n\r\n`);
      const { hostname, port: asked } = new URL(`http://${request.url}`);
      const way = [name, 'tunnel', hostname, passwordOf(request)].filter(Boolean).join(' ');
      const onward = net.connect(target(Number(asked || 443)), '127.0.0.1', () => {
        ways.set(onward.localPort ?? 0, way);
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        join(socket, onward);
      });
      onward.on('error', () => socket.destroy());
    });
    proxy.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { pathname, search } = new URL(request.url ?? '', 'http://none');
      records.push({
        ...recordOf(request, ways),
        path: pathname + search,
        by: [name, passwordOf(request)].filter(Boolean).join(' '),
      });
      api.answer(request, response);
    });
  }
  return api;
}

function recordOf(request: IncomingMessage, ways: Map<number, string>): Seen {
  const { socket, rawHeaders, headers } = request;
  const pairs = rawHeaders.flatMap((name, index) =>
    index % 2 ? [] : [`${name.toLowerCase()}: ${rawHeaders[index + 1]}`],
  );
  const impersonation = pairs.filter((pair) => pair.startsWith('impersonate-')).sort();
  const by = ways.get(socket.remotePort ?? 0);
  const seen: Seen = { path: request.url ?? '' };
  if (headers.authorization !== undefined) seen.authorization = headers.authorization;
  if (impersonation.length > 0) seen.impersonation = impersonation;
  if (by !== undefined) seen.by = by;
  if (!(socket instanceof TLSSocket)) return seen;
  const names: string[] = [];
  let each = socket.getPeerCertificate(true);
  // The last one is its own issuer.
  while (each?.subject && names.length < 4 && names.at(-1) !== each.subject.CN) {
    names.push(String(each.subject.CN));
    each = each.issuerCertificate;
  }
  if (names.length > 0) seen.certificate = names.join(' < ');
  const { servername }: { servername?: unknown } = socket as object;
  if (typeof servername === 'string') seen.servername = servername;
  return seen;
}

function passwordOf({ headers }: IncomingMessage): string {
  const [, base64 = ''] = /^Basic (.*)$/.exec(headers['proxy-authorization'] ?? '') ?? [];
  return Buffer.from(base64, 'base64').toString();
}

function join(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one);
  for (const [each, opposite] of [
    [one, other],
    [other, one],
  ] as const) {
    each.on('error', () => opposite.destroy());
    each.on('close', () => opposite.destroy());
  }
}

/** RFC 1928 and 1929, as much of them as clients use: one CONNECT, with or without a password. */
async function serveSocks(socket: Socket, target: (port: number) => number, ways: Map<number, string>): Promise<void> {
  const next = async (length: number): Promise<Buffer> => {
    for (;;) {
      const chunk: Buffer | null = length === 0 ? Buffer.alloc(0) : socket.read(length);
      if (chunk !== null) return chunk;
      await once(socket, 'readable');
    }
  };
  const text = async () => (await next((await next(1))[0] ?? 0)).toString();
  const methods = await next((await next(2))[1] ?? 0);
  let password = '';
  if (methods.includes(2)) {
    socket.write(Buffer.from([5, 2]));
    await next(1);
    password = `${await text()}:${await text()}`;
    socket.write(Buffer.from([1, 0]));
  } else {
    socket.write(Buffer.from([5, 0]));
  }
  const kind = (await next(4))[3];
  const host = kind === 3 ? await text() : [...(await next(kind === 4 ? 16 : 4))].join('.');
  const port = (await next(2)).readUInt16BE();
  const onward = net.connect(target(port), '127.0.0.1', () => {
    ways.set(onward.localPort ?? 0, ['socks5 proxy', host, password].filter(Boolean).join(' '));
    socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
    join(socket, onward);
  });
  onward.on('error', () => socket.destroy());
}
