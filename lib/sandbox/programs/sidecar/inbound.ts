import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { DataFault } from '../../faults/fault.ts';
import { allowsRequest, decideInbound } from '../../mesh/policy.ts';
import { type InboundPort, principalIn, type SidecarConfig } from '../../mesh/sidecar-config.ts';
import { relay } from '../../sockets.ts';
import { REFUSED, TAKEN } from './tunnels.ts';

const HANDSHAKE_RECORD = 0x16;
const FIRST_WORD_MS = 15_000;
/** How long a connection may rest between two HTTP requests. */
const IDLE_MS = 60_000;
/** Clients often hang up early here. That is no attack. */
const STREAM_RESETS = 1_000_000;
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']);

/** Who asks for an HTTP request, and the application's port. */
interface Asking {
  principal: string;
  port: number;
}

/** Handles the connections of others to the application: by the client's certificate and the policies. */
export class Inbound {
  #config: SidecarConfig;
  readonly #tls: Http2SecureServer;
  readonly #principals = new WeakMap<Http2Session, string>();
  /** Decides about each request, so that a changed policy acts on open connections too. */
  readonly #http: Server;
  readonly #clients = new WeakMap<object, Asking>();
  readonly #fault: DataFault;
  readonly #log: (line: string) => void;

  constructor(config: SidecarConfig, credentials: SecureContextOptions, fault: DataFault, log: (line: string) => void) {
    this.#config = config;
    this.#fault = fault;
    this.#log = log;
    this.#http = createServer({ keepAliveTimeout: IDLE_MS }, (asked, answer) => this.#decide(asked, answer));
    const { cert, key, ca } = credentials;
    // The types do not know the limits of resets.
    const limits: object = { streamResetBurst: STREAM_RESETS, streamResetRate: STREAM_RESETS };
    this.#tls = createSecureServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true, ...limits });
    this.#tls.on('session', (session) => {
      const { subjectaltname } = (session.socket as TLSSocket).getPeerCertificate();
      this.#principals.set(session, principalIn(subjectaltname) ?? 'nobody');
    });
    this.#tls.on('stream', (stream) => this.#onStream(stream));
    this.#tls.on('tlsClientError', (error) => log(`inbound handshake failed: ${error.message}`));
  }

  configure(config: SidecarConfig): void {
    this.#config = config;
  }

  setCredentials(credentials: SecureContextOptions): void {
    this.#tls.setSecureContext(credentials);
  }

  accept(client: Socket): void {
    client.on('error', () => client.destroy());
    client.setTimeout(FIRST_WORD_MS, () => client.resetAndDestroy());
    const hangUp = (): void => {
      client.end();
    };
    client.once('end', hangUp);
    client.once('data', (first: Buffer) => {
      const port = client.localPort ?? 0;
      const isPlain = first[0] !== HANDSHAKE_RECORD;
      client.setTimeout(0);
      client.off('end', hangUp);
      if (isPlain && !this.#fault.allowsPlaintext?.(port, client.remoteAddress ?? '')) {
        this.#log(`inbound ${client.remoteAddress} -> ${port} refused: not of the mesh`);
        client.resetAndDestroy();
        return;
      }
      client.pause();
      client.unshift(first);
      if (isPlain) relay(client, this.#application(port), 'end');
      else this.#tls.emit('connection', client);
    });
  }

  #onStream(client: ServerHttp2Stream): void {
    const { session } = client;
    if (session === undefined) return;
    const port = session.socket.localPort ?? 0;
    const certified = this.#principals.get(session) ?? 'nobody';
    const principal = this.#fault.identify?.(certified, this.#inbound(port)) ?? certified;
    const conforming = decideInbound(this.#inbound(port), principal);
    const decision = this.#fault.inbound?.(conforming, port, principal) ?? conforming;
    client.on('error', () => client.destroy());
    if (decision.action === 'judge-requests') {
      client.respond({ ':status': TAKEN });
      this.#clients.set(client, { port, principal });
      this.#http.emit('connection', writingBytes(client));
      return;
    }
    this.#log(`inbound ${principal} -> ${port} ${decision.action}`);
    if (decision.action === 'refuse') {
      client.respond({ ':status': REFUSED }, { endStream: true });
      return;
    }
    client.respond({ ':status': TAKEN });
    const application = this.#application(port);
    relay(client, this.#fault.wrap?.(application) ?? application, 'end');
  }

  #application(port: number): Socket {
    return connect({ host: this.#config.podAddress, port, allowHalfOpen: true, noDelay: true });
  }

  #inbound(port: number): InboundPort | undefined {
    return this.#config.inbound.find((each) => each.port === port);
  }

  #decide(asked: IncomingMessage, answer: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = asked;
    const { port, principal } = this.#clients.get(asked.socket) ?? { port: 0, principal: 'nobody' };
    const inbound = this.#inbound(port);
    const conforming = inbound !== undefined && allowsRequest(inbound, principal, { method, url, headers });
    const isAllowed = this.#fault.request?.(conforming, asked, principal, port) ?? conforming;
    this.#log(`inbound ${principal} -> ${port} ${method} ${url} ${isAllowed ? 'allowed' : 'denied'}`);
    if (isAllowed && this.#fault.serve?.(asked, answer, port)) return;
    if (isAllowed) this.#forward(asked, answer, port);
    else if (this.#fault.deny !== undefined) this.#fault.deny(asked, answer);
    else plain(answer, 403, 'RBAC: access denied');
  }

  #forward(asked: IncomingMessage, answer: ServerResponse, port: number): void {
    const { method, url: path } = asked;
    const { podAddress: host } = this.#config;
    const headers = endToEnd(asked.rawHeaders);
    const forwarded = request({ host, port, method, path, headers, setHost: false, agent: false });
    forwarded.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.statusMessage, endToEnd(response.rawHeaders));
      response.on('error', () => answer.destroy());
      const changed = this.#fault.body?.();
      if (changed === undefined) response.pipe(answer);
      else response.pipe(changed).pipe(answer);
    });
    forwarded.on('error', (error) => {
      this.#log(`inbound ${port} application failed: ${error.message}`);
      if (answer.headersSent) answer.destroy();
      else plain(answer, 503, 'upstream connect error or disconnect/reset before headers');
    });
    asked.on('error', () => forwarded.destroy());
    answer.on('close', () => forwarded.destroy());
    const changed = this.#fault.upload?.(asked);
    if (changed === undefined) asked.pipe(forwarded);
    else asked.pipe(changed).pipe(forwarded);
  }
}

/** node:http writes Latin-1 strings, which an HTTP/2 stream of Node 20 garbles. */
function writingBytes(stream: ServerHttp2Stream): ServerHttp2Stream {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = (chunk: unknown, encoding?: unknown, done?: unknown): boolean =>
    typeof chunk === 'string'
      ? write(Buffer.from(chunk, encoding as BufferEncoding), done)
      : write(chunk, encoding, done);
  return stream;
}

function plain(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': text.length }).end(text);
}

/** The headers without those of one connection. */
function endToEnd(raw: string[]): string[] {
  return raw.filter((_, at) => !HOP_BY_HOP.has((raw[at - (at % 2)] ?? '').toLowerCase()));
}
