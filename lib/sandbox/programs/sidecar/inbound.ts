import { createSecureServer, type Http2SecureServer, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { DataFault } from '../../faults/fault.ts';
import { decideInbound } from '../../mesh/decide.ts';
import { principalIn } from '../../mesh/principal.ts';
import type { InboundPort, SidecarConfig } from '../../mesh/sidecar-config.ts';
import { relay } from '../../sockets.ts';
import { RequestJudge } from './request-judge.ts';
import { REFUSED, TAKEN } from './tunnels.ts';

const HANDSHAKE_RECORD = 0x16;
const FIRST_WORD_MS = 15_000;
/** Clients that hang up early are the ordinary case here, and no attack. */
const STREAM_RESETS = 1_000_000;

/** Takes others' connections to the application: only with a certificate of the mesh, and only as the policies say. */
export class Inbound {
  #config: SidecarConfig;
  readonly #tls: Http2SecureServer;
  readonly #certified = new WeakMap<Http2Session, string>();
  readonly #judge: RequestJudge;
  readonly #fault: DataFault;
  readonly #say: (line: string) => void;

  constructor(config: SidecarConfig, credentials: SecureContextOptions, fault: DataFault, say: (line: string) => void) {
    this.#config = config;
    this.#fault = fault;
    this.#say = say;
    this.#judge = new RequestJudge((port) => this.#inbound(port), config.podAddress, fault, say);
    const { cert, key, ca } = credentials;
    // The types do not know the limits of resets.
    const limits: object = { streamResetBurst: STREAM_RESETS, streamResetRate: STREAM_RESETS };
    this.#tls = createSecureServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true, ...limits });
    this.#tls.on('session', (session) => {
      const { subjectaltname } = (session.socket as TLSSocket).getPeerCertificate();
      this.#certified.set(session, principalIn(subjectaltname) ?? 'nobody');
    });
    this.#tls.on('stream', (stream) => this.#admit(stream));
    this.#tls.on('tlsClientError', (error) => say(`inbound handshake failed: ${error.message}`));
  }

  /** Goes by another configuration from now on. */
  go(config: SidecarConfig): void {
    this.#config = config;
  }

  /** Shows another certificate from now on. */
  prove(credentials: SecureContextOptions): void {
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
      client.setTimeout(0);
      client.off('end', hangUp);
      const isPlain = first[0] !== HANDSHAKE_RECORD;
      if (isPlain && this.#fault.allowsPlaintext?.(client.localPort ?? 0)) {
        client.pause();
        client.unshift(first);
        relay(client, this.#application(client.localPort ?? 0), 'end');
        return;
      }
      if (isPlain) {
        this.#say(`inbound ${client.remoteAddress} -> ${client.localPort} refused: not of the mesh`);
        client.resetAndDestroy();
        return;
      }
      client.pause();
      client.unshift(first);
      this.#tls.emit('connection', client);
    });
  }

  #admit(client: ServerHttp2Stream): void {
    const { session } = client;
    if (session === undefined) return;
    const port = session.socket.localPort ?? 0;
    const certified = this.#certified.get(session) ?? 'nobody';
    const principal = this.#fault.identify?.(certified, this.#inbound(port)) ?? certified;
    const right = decideInbound(this.#inbound(port), principal);
    const decision = this.#fault.inbound?.(right, port, principal) ?? right;
    client.on('error', () => client.destroy());
    if (decision.action === 'judge-requests') {
      client.respond({ ':status': TAKEN });
      this.#judge.take(client, port, principal);
      return;
    }
    this.#say(`inbound ${principal} -> ${port} ${decision.action}`);
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
}
