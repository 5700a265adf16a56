import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectSession } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { principalIn } from '../../mesh/principal.ts';
import type { Endpoint } from '../../mesh/sidecar-config.ts';

/** What one sidecar tells another about a connection that it has been asked to take, as HTTP statuses. */
export const TAKEN = 200;
export const REFUSED = 403;

/**
 * The ways to other sidecars: one connection of mutual TLS for each endpoint, in which every connection of the application is
 * a stream of its own (HTTP/2 CONNECT). A handshake for each would cost several times what it carries.
 *
 * A tunnel lasts as long as the credentials that it was made with: who may use it is decided for each stream.
 */
export class Tunnels {
  readonly #credentials: SecureContext;
  readonly #open = new Map<string, ClientHttp2Session>();

  constructor(credentials: SecureContext) {
    this.#credentials = credentials;
  }

  /** A stream to the endpoint's sidecar, which shows our certificate and insists on the endpoint's. */
  connect({ address, port, principal }: Endpoint): ClientHttp2Stream {
    const name = `${address}:${port} ${principal}`;
    const known = this.#open.get(name);
    const session =
      known === undefined || known.closed || known.destroyed ? this.#dial(name, address, port, principal) : known;
    return session.request({ ':method': 'CONNECT', ':authority': `${address}:${port}` });
  }

  /** Takes no more connections; what is under way goes on to its end. */
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
    // Each of its streams is told as well.
    session.on('error', () => undefined);
    session.on('close', () => {
      if (this.#open.get(name) === session) this.#open.delete(name);
    });
    return session;
  }
}
