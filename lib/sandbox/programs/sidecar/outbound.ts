import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DataFault } from '../../faults/fault.ts';
import { decideOutbound, pickEndpoint } from '../../mesh/decide.ts';
import type { Endpoint, SidecarConfig } from '../../mesh/sidecar-config.ts';
import { relay, tellLoss } from '../../sockets.ts';
import { resetSoon } from './refuse.ts';
import { TAKEN, type Tunnels } from './tunnels.ts';

const CONNECT_MS = 5_000;

/** Takes the application's connections to others. */
export class Outbound {
  #connections = 0;
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  accept(client: Socket, config: SidecarConfig, tunnels: Tunnels, fault: DataFault): void {
    const { localAddress: address = '', localPort: port = 0 } = client;
    const right = decideOutbound(config, address, port);
    const decision = fault.outbound === undefined ? right : fault.outbound(right, client);
    this.#say(`outbound ${address}:${port} ${decision?.action}`);
    if (decision === undefined) return;
    if (decision.action === 'refuse') {
      (fault.refuse ?? resetSoon)(client);
    } else if (decision.action === 'passthrough') {
      this.#pass(client, address, port);
    } else {
      const endpoint = pickEndpoint(decision.route, this.#connections++);
      if (endpoint === undefined) {
        client.on('error', () => client.destroy());
        tellLoss(client, 'end');
      } else if (endpoint.address === config.podAddress) {
        // A workload that calls itself through its own Service: no other sidecar stands there.
        this.#pass(client, endpoint.address, endpoint.port);
      } else {
        this.#tunnel(client, endpoint, tunnels);
      }
    }
  }

  #pass(client: Socket, host: string, port: number): void {
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    this.#join(client, server, (ready) => server.once('connect', ready));
  }

  #tunnel(client: Socket, endpoint: Endpoint, tunnels: Tunnels): void {
    const server = tunnels.connect(endpoint);
    this.#join(client, server, (ready) =>
      server.once('response', ({ ':status': status }) => {
        if (status === TAKEN) ready();
        else server.destroy(new Error('refused by the other sidecar'));
      }),
    );
  }

  /** @param onReady - calls back once the server has taken the connection */
  #join(client: Socket, server: Duplex, onReady: (ready: () => void) => void): void {
    const lost = (error?: Error): void => {
      this.#say(`outbound ${client.localAddress}:${client.localPort} failed: ${error?.message ?? 'closed'}`);
      tellLoss(client, 'end');
    };
    const abandon = (): void => {
      server.destroy();
    };
    const silent = setTimeout(() => server.destroy(new Error('no answer to the connection')), CONNECT_MS);
    client.on('error', abandon);
    client.once('close', abandon);
    // A socket can tell twice that its connection was refused.
    server.on('error', lost);
    server.once('close', () => clearTimeout(silent));
    onReady(() => {
      clearTimeout(silent);
      server.off('error', lost);
      relay(client, server, 'end');
    });
  }
}
