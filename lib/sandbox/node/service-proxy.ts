import { connect, type Socket } from 'node:net';
import type { Manifest, ObjectView } from '../contract.ts';
import { Listeners } from '../listeners.ts';
import { relay, tellLoss } from '../relay.ts';
import { readyEndpoints, type ServicePort, serviceSpec } from './endpoints.ts';

const CONNECT_MS = 5_000;

/** A port of a Service with an address. */
interface ServiceAddress {
  address: string;
  port: number;
  service: Manifest;
  servicePort: ServicePort;
}

/**
 * Answers on the Services' addresses for the pods behind them, each in turn, over TCP. A Service without a ready pod is
 * refused by the kernel, as with kube-proxy; unlike there, a server sees the node's address as its client's.
 */
export class ServiceProxy {
  readonly #view: ObjectView;
  readonly #listeners: Listeners;
  #connections = 0;
  #isDue = false;

  constructor(view: ObjectView, complain: (message: string) => void) {
    this.#view = view;
    this.#listeners = new Listeners((socket) => this.#accept(socket), complain);
  }

  /** Begins to follow Services and pods. */
  start(): void {
    const view = this.#view;
    for (const kind of ['Service', 'Pod']) view.watch({ apiVersion: 'v1', kind }, () => this.#schedule());
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#listeners.keep(this.#addresses().filter((each) => this.#endpoints(each).length > 0));
    });
  }

  #addresses(): ServiceAddress[] {
    return this.#view.list({ apiVersion: 'v1', kind: 'Service' }).flatMap((service) => {
      const { clusterIP: address, ports = [] } = serviceSpec(service);
      if (address === undefined || address === 'None') return [];
      return ports
        .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
        .map((servicePort) => ({ address, port: servicePort.port, service, servicePort }));
    });
  }

  #endpoints({ service, servicePort }: ServiceAddress): { address: string; port: number }[] {
    return readyEndpoints(service, servicePort, this.#view);
  }

  #accept(client: Socket): void {
    const target = this.#addresses().find(
      ({ address, port }) => address === client.localAddress && port === client.localPort,
    );
    const endpoints = target === undefined ? [] : this.#endpoints(target);
    const endpoint = endpoints[this.#connections++ % Math.max(1, endpoints.length)];
    client.on('error', () => client.destroy());
    if (endpoint === undefined) {
      tellLoss(client, 'reset');
      return;
    }
    const server = connect({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true, noDelay: true });
    server.setTimeout(CONNECT_MS, () => server.destroy(new Error('no answer to the connection')));
    server.once('connect', () => server.setTimeout(0));
    relay(client, server, 'reset');
  }
}
