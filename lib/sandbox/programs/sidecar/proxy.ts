import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { DataFault } from '../../faults/fault.ts';
import { dataFault } from '../../faults/index.ts';
import type { ControllerMessage, Credentials, SidecarConfig } from '../../mesh/sidecar-config.ts';
import { Listeners } from '../../sockets.ts';
import { drawing } from './draw.ts';
import { Inbound } from './inbound.ts';
import { Outbound } from './outbound.ts';
import { Tunnels } from './tunnels.ts';

/** What a sidecar has been told last. */
interface Programme {
  config: SidecarConfig;
  /** The one that tunnels and inbound go by. */
  certificate: string;
  tunnels: Tunnels;
  inbound: Inbound;
}

/** Both directions of a sidecar. Until its first programme it listens nowhere, and the kernel refuses everything. */
export class SidecarProxy {
  #programme: Programme | undefined;
  readonly #listeners: Listeners;
  readonly #outbound: Outbound;
  readonly #say: (line: string) => void;
  #fault: DataFault | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
    this.#outbound = new Outbound(say);
    this.#listeners = new Listeners((socket) => this.#accept(socket), say);
  }

  /** The controller is gone, for a while or for good. */
  abandon(): void {
    const programme = this.#programme;
    const config = programme && this.#fault?.disconnected?.(programme.config);
    if (programme === undefined || config === undefined) return;
    this.#programme = { ...programme, config };
    programme.inbound.go(config);
  }

  update({ config, credentials }: ControllerMessage): void {
    const current = (): SidecarConfig => this.#programme?.config ?? config;
    this.#fault ??= dataFault(config.fault, { log: this.#say, config: current, random: drawing(config.podAddress) });
    this.#programme = this.#programmed(config, credentials, this.#fault);
    this.#fault.configured?.(config);
    this.#listeners.keep([
      ...config.inbound.map(({ port }) => ({ address: config.podAddress, port })),
      ...config.taken,
    ]);
    this.#say(`programmed: ${config.routes.length} routes, egress ${config.egress}`);
  }

  /** What it is to do from now on. Credentials that stay as they are cost nothing anew. */
  #programmed(config: SidecarConfig, { certificate, key, authority }: Credentials, fault: DataFault): Programme {
    const known = this.#programme;
    known?.inbound.go(config);
    if (known?.certificate === certificate) return { ...known, config };
    known?.tunnels.close();
    const options = { cert: certificate, key, ca: authority };
    known?.inbound.prove(options);
    return {
      config,
      certificate,
      tunnels: new Tunnels(createSecureContext(options)),
      inbound: known?.inbound ?? new Inbound(config, options, fault, this.#say),
    };
  }

  #accept(socket: Socket): void {
    const programme = this.#programme;
    if (programme === undefined) socket.resetAndDestroy();
    else if (socket.localAddress === programme.config.podAddress) programme.inbound.accept(socket);
    else this.#outbound.accept(socket, programme.config, programme.tunnels, this.#fault ?? {});
  }
}
