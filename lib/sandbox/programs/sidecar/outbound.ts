import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DataFault } from '../../faults/fault.ts';
import { decideOutbound, type OutboundDecision, pickEndpoint } from '../../mesh/policy.ts';
import type { Endpoint, SidecarConfig } from '../../mesh/sidecar-config.ts';
import { relay, tellLoss } from '../../sockets.ts';
import { TAKEN, type Tunnels } from './tunnels.ts';

const CONNECT_MS = 5_000;
/** Time before a silent client gets its reset, ms. */
const SILENT_MS = 50;

/** Handles the connections that the application opens. */
export class Outbound {
  #connections = 0;
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  accept(client: Socket, config: SidecarConfig, tunnels: Tunnels, fault: DataFault): void {
    const { localAddress: address = '', localPort: port = 0 } = client;
    const conforming = decideOutbound(config, address, port);
    const decision = fault.outbound === undefined ? conforming : fault.outbound(conforming, client);
    this.#log(`outbound ${address}:${port} ${decision?.action}`);
    if (decision === undefined) return;
    const goOn = (): void => this.#carryOut(decision, client, config, tunnels, fault);
    if (fault.hold === undefined || decision.action === 'refuse') goOn();
    else fault.hold(client, goOn);
  }

  #carryOut(
    decision: OutboundDecision,
    client: Socket,
    config: SidecarConfig,
    tunnels: Tunnels,
    fault: DataFault,
  ): void {
    const { localAddress: address = '', localPort: port = 0 } = client;
    if (decision.action === 'refuse') {
      (fault.refuse ?? resetSoon)(client);
    } else if (decision.action === 'passthrough') {
      this.#pass(client, address, port, fault.wrapPassthrough);
    } else {
      const endpoint = pickEndpoint(decision.route, this.#connections++);
      if (endpoint === undefined) {
        client.on('error', () => client.destroy());
        tellLoss(client, 'end');
      } else if (endpoint.address === config.podAddress) {
        // The workload calls itself through its own Service: there is no other sidecar.
        this.#pass(client, endpoint.address, endpoint.port);
      } else {
        this.#tunnel(client, endpoint, tunnels);
      }
    }
  }

  #pass(client: Socket, host: string, port: number, wrap?: DataFault['wrapPassthrough']): void {
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    this.#join(client, server, (ready) => server.once('connect', ready), wrap);
  }

  #tunnel(client: Socket, endpoint: Endpoint, tunnels: Tunnels): void {
    const server = tunnels.connect(endpoint);
    this.#join(client, server, (ready) =>
      server.once('response', ({ ':status': status }) => {
        if (status === TAKEN) ready();
        else server.destroy(new Error('the other sidecar refused'));
      }),
    );
  }

  /** @param onReady - calls back once the server has accepted the connection */
  #join(client: Socket, server: Duplex, onReady: (ready: () => void) => void, wrap?: (server: Duplex) => Duplex): void {
    const lost = (error?: Error): void => {
      this.#log(`outbound ${client.localAddress}:${client.localPort} failed: ${error?.message ?? 'closed'}`);
      tellLoss(client, 'end');
    };
    const cancel = (): void => {
      server.destroy();
    };
    const timer = setTimeout(() => server.destroy(new Error('no answer to the connection')), CONNECT_MS);
    client.on('error', cancel);
    client.once('close', cancel);
    // A socket can report twice that its connection was refused.
    server.on('error', lost);
    server.once('close', () => clearTimeout(timer));
    onReady(() => {
      clearTimeout(timer);
      server.off('error', lost);
      relay(client, wrap?.(server) ?? server, 'end');
    });
  }
}

/** Resets a connection after the client's first bytes or a short silence. An earlier reset can look like a refused connection. */
function resetSoon(socket: Socket): void {
  const timer = setTimeout(() => socket.resetAndDestroy(), SILENT_MS);
  socket.once('readable', () => socket.resetAndDestroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearTimeout(timer));
}
