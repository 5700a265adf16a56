import { connect, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { DataFault } from '../../faults/index.ts';
import { decideOutbound, pickEndpoint } from '../../mesh/decide.ts';
import { principalIn } from '../../mesh/principal.ts';
import type { Endpoint, SidecarConfig } from '../../mesh/sidecar-config.ts';
import { relay, tellLoss } from '../../relay.ts';
import { resetSoon } from './refuse.ts';

const CONNECT_MS = 5_000;

/** Takes the application's connections to others. */
export class Outbound {
  #connections = 0;
  /** TLS sessions by credentials and endpoint: a resumed one costs half of what a handshake with certificates does. */
  readonly #sessions = new WeakMap<SecureContext, Map<string, Buffer>>();
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  accept(client: Socket, config: SidecarConfig, credentials: SecureContext, fault: DataFault): void {
    const { localAddress: address = '', localPort: port = 0 } = client;
    const right = decideOutbound(config, address, port);
    const decision = fault.outbound === undefined ? right : fault.outbound(right, client);
    this.#say(`outbound ${address}:${port} ${decision?.action}`);
    if (decision === undefined) return;
    if (decision.action === 'refuse') {
      (fault.refuse ?? resetSoon)(client);
    } else if (decision.action === 'passthrough') {
      this.#join(client, connect({ host: address, port, allowHalfOpen: true, noDelay: true }), 'connect');
    } else {
      const endpoint = pickEndpoint(decision.route, this.#connections++);
      if (endpoint === undefined) {
        client.on('error', () => client.destroy());
        tellLoss(client, 'end');
      } else if (endpoint.address === config.podAddress) {
        // A workload that calls itself through its own Service: no other sidecar stands there.
        this.#join(client, connect({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true }), 'connect');
      } else {
        this.#join(client, this.#openMutualTls(endpoint, credentials), 'secureConnect');
      }
    }
  }

  #join(client: Socket, server: Socket, readyEvent: 'connect' | 'secureConnect'): void {
    const lost = (error?: Error): void => {
      this.#say(`outbound ${client.localAddress}:${client.localPort} failed: ${error?.message ?? 'closed'}`);
      tellLoss(client, 'end');
    };
    const abandon = (): void => {
      server.destroy();
    };
    client.on('error', abandon);
    client.once('close', abandon);
    // A TLS socket tells twice that its connection was refused.
    server.on('error', lost);
    server.setTimeout(CONNECT_MS, () => server.destroy(new Error('no answer to the connection')));
    server.once(readyEvent, () => {
      server.setTimeout(0);
      server.off('error', lost);
      relay(client, server, 'end');
    });
  }

  /** A connection to another sidecar that shows our certificate and insists on the endpoint's. */
  #openMutualTls({ address, port, principal }: Endpoint, credentials: SecureContext): Socket {
    const known = this.#sessions.get(credentials) ?? new Map<string, Buffer>();
    this.#sessions.set(credentials, known);
    // A session is resumed only with whom it was made with, so the certificate that was checked then still stands.
    const name = `${address}:${port} ${principal}`;
    const session = known.get(name);
    const plain = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    const secured = connectTls({
      socket: plain,
      secureContext: credentials,
      ...(session === undefined ? {} : { session }),
      checkServerIdentity: (_host, { subjectaltname }) =>
        principalIn(subjectaltname) === principal
          ? undefined
          : new Error(`expected ${principal}, found ${subjectaltname}`),
    });
    secured.on('session', (latest: Buffer) => known.set(name, latest));
    plain.on('error', (error) => secured.destroy(error));
    return secured;
  }
}
