import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Listeners } from '../../listeners.ts';
import type { ControllerMessage, SidecarConfig } from '../../mesh/sidecar-config.ts';
import { Inbound } from './inbound.ts';
import { Outbound } from './outbound.ts';

/** What a sidecar has been told last. */
interface Programme {
  config: SidecarConfig;
  credentials: SecureContext;
  inbound: Inbound;
}

/** Both directions of a sidecar. Until its first programme it listens nowhere, and the kernel refuses everything. */
export class SidecarProxy {
  #programme: Programme | undefined;
  readonly #listeners: Listeners;
  readonly #outbound: Outbound;
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
    this.#outbound = new Outbound(say);
    this.#listeners = new Listeners((socket) => this.#accept(socket), say);
  }

  update({ config, credentials }: ControllerMessage): void {
    const options = { cert: credentials.certificate, key: credentials.key, ca: credentials.authority };
    const inbound = this.#programme?.inbound ?? new Inbound(config, options, this.#say);
    inbound.update(config, options);
    this.#programme = { config, credentials: createSecureContext(options), inbound };
    this.#listeners.keep([
      ...config.inbound.map(({ port }) => ({ address: config.podAddress, port })),
      ...config.taken,
    ]);
    this.#say(`programmed: ${config.routes.length} routes, egress ${config.egress}`);
  }

  #accept(socket: Socket): void {
    const programme = this.#programme;
    if (programme === undefined) socket.resetAndDestroy();
    else if (socket.localAddress === programme.config.podAddress) programme.inbound.accept(socket);
    else this.#outbound.accept(socket, programme.config, programme.credentials);
  }
}
