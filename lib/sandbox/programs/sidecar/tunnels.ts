import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectSession } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Endpoint } from '../../mesh/sidecar-config.ts';
import { principalIn } from '../../mesh/sidecar-config.ts';

/** A sidecar's answers to another one's request for a connection, as HTTP statuses. */
export const TAKEN = 200;
export const REFUSED = 403;

/**
 * Connections to other sidecars: one with mutual TLS for each endpoint. Each connection of the application is a stream in it
 * (HTTP/2 CONNECT), because a handshake for each would cost several times what it carries. The server decides about each
 * stream, so a tunnel lasts as long as its credentials.
 */
export class Tunnels {
  readonly #credentials: SecureContext;
  readonly #open = new Map<string, ClientHttp2Session>();

  constructor(credentials: SecureContext) {
    this.#credentials = credentials;
  }

  /** Opens a stream to the endpoint's sidecar. It fails if the endpoint has another identity. */
  connect({ address, port, principal }: Endpoint): ClientHttp2Stream {
    const name = `${address}:${port} ${principal}`;
    const known = this.#open.get(name);
    const session =
      known === undefined || known.closed || known.destroyed ? this.#dial(name, address, port, principal) : known;
    return session.request({ ':method': 'CONNECT', ':authority': `${address}:${port}` });
  }

  /** Opens no more connections. Open streams go on to their end. */
  close(): void {
    for (const session of this.#open.values()) session.close();
    this.#open.clear();
  }

  #dial(name: string, host: string, port: number, principal: string): ClientHttp2Session {
    const session = connectSession(`https://${host}:${port}`, {
      createConnection: () =>
        connectTls({
          socket: connect({ host, port, noDelay: true }),
          secureContext: this.#credentials,
          ALPNProtocols: ['h2'],
          checkServerIdentity: (_host, { subjectaltname }) =>
            principalIn(subjectaltname) === principal
              ? undefined
              : new Error(`expected ${principal}, found ${subjectaltname}`),
        }),
    });
    this.#open.set(name, session);
    // Its streams get the error too.
    session.on('error', () => undefined);
    session.on('close', () => {
      if (this.#open.get(name) === session) this.#open.delete(name);
    });
    return session;
  }
}
