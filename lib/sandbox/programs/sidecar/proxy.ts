import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { DataFault } from '../../faults/fault.ts';
import { dataFault } from '../../faults/index.ts';
import {
  type ControllerMessage,
  type Credentials,
  principalIn,
  type SidecarConfig,
} from '../../mesh/sidecar-config.ts';
import { Listeners } from '../../sockets.ts';
import { Inbound } from './inbound.ts';
import { Outbound } from './outbound.ts';
import { Tunnels } from './tunnels.ts';

/** What a sidecar makes of its last message. */
interface Current {
  config: SidecarConfig;
  /** The one that tunnels and inbound use. */
  certificate: string;
  tunnels: Tunnels;
  inbound: Inbound;
}

/** Both directions of a sidecar. Before its first message it listens nowhere, and the kernel refuses everything. */
export class SidecarProxy {
  #current: Current | undefined;
  readonly #listeners: Listeners;
  readonly #outbound: Outbound;
  readonly #log: (line: string) => void;
  #fault: DataFault | undefined;

  constructor(log: (line: string) => void) {
    this.#log = log;
    this.#outbound = new Outbound(log);
    this.#listeners = new Listeners((socket) => this.#accept(socket), log);
  }

  /** The controller is gone, for a while or for good. */
  onDisconnected(): void {
    const current = this.#current;
    const config = current && this.#fault?.disconnected?.(current.config);
    if (current === undefined || config === undefined) return;
    this.#current = { ...current, config };
    current.inbound.configure(config);
  }

  update({ config, credentials }: ControllerMessage): void {
    const latest = (): SidecarConfig => this.#current?.config ?? config;
    this.#fault ??= dataFault(config.fault, {
      log: this.#log,
      config: latest,
      principal: principalIn(new X509Certificate(credentials.certificate).subjectAltName) ?? 'nobody',
      random: randomFrom(config.podAddress),
    });
    this.#current = this.#configured(config, credentials, this.#fault);
    this.#fault.configured?.(config);
    this.#listeners.listenOn([
      ...config.inbound.map(({ port }) => ({ address: config.podAddress, port })),
      ...config.taken,
    ]);
    this.#log(`configured: ${config.routes.length} routes, egress ${config.egress}`);
  }

  /** Applies a configuration. Unchanged credentials keep their tunnels. */
  #configured(config: SidecarConfig, { certificate, key, authority }: Credentials, fault: DataFault): Current {
    const known = this.#current;
    known?.inbound.configure(config);
    if (known?.certificate === certificate) return { ...known, config };
    known?.tunnels.close();
    const options = { cert: certificate, key, ca: authority };
    known?.inbound.setCredentials(options);
    return {
      config,
      certificate,
      tunnels: new Tunnels(createSecureContext(options)),
      inbound: known?.inbound ?? new Inbound(config, options, fault, this.#log),
    };
  }

  #accept(socket: Socket): void {
    const current = this.#current;
    if (current === undefined) socket.resetAndDestroy();
    else if (socket.localAddress === current.config.podAddress) current.inbound.accept(socket);
    else this.#outbound.accept(socket, current.config, current.tunnels, this.#fault ?? {});
  }
}

/** Random numbers from 0 to 1: the same ones for the same seed (xorshift32 over a hash of it). */
function randomFrom(seed: string): () => number {
  let state = [...seed].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16_777_619), 2_166_136_261) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
