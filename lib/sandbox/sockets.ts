import type { ServerHttp2Stream } from 'node:http2';
import { createServer, type Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the client sees when its server is lost: `reset` as from the kernel, `end` as from a proxy. */
export type LossSignal = 'reset' | 'end';

/** An accepted connection, or a stream of a tunnel. */
type Client = Socket | ServerHttp2Stream;

/**
 * Passes bytes in both directions until both sides have ended. The end of one side becomes a half-close of the other.
 * Both sockets need `allowHalfOpen`.
 *
 * @param client - the accepted connection; if it fails, the server's connection closes
 * @param server - the connection made for the client
 */
export function relay(client: Client, server: Duplex, whenServerIsLost: LossSignal): void {
  client.pipe(server);
  server.pipe(client);
  client.on('error', () => server.destroy());
  client.on('close', () => server.destroy());
  server.on('error', () => tellLoss(client, whenServerIsLost));
  server.on('close', () => {
    if (!client.writableEnded) tellLoss(client, whenServerIsLost);
  });
}

/** Ends the connection of a client whose server is out of reach or lost. */
export function tellLoss(client: Client, signal: LossSignal): void {
  if (client.destroyed) return;
  if (signal === 'reset' && client instanceof Socket) {
    client.resetAndDestroy();
    return;
  }
  // Read and drop what the client still sends: a close with unread bytes becomes a reset.
  client.unpipe();
  client.resume();
  client.end();
  client.setTimeout(1_000, () => client.destroy());
}

export interface ListeningPlace {
  address: string;
  port: number;
}

/** Keeps a listening socket for each wanted address and port. Accepted connections may be half-open. */
export class Listeners {
  readonly #open = new Map<string, Server>();
  readonly #accept: (socket: Socket) => void;
  readonly #complain: (message: string) => void;

  constructor(accept: (socket: Socket) => void, complain: (message: string) => void) {
    this.#accept = accept;
    this.#complain = complain;
  }

  /** Opens missing sockets and closes unwanted ones. Accepted connections go on. */
  listenOn(wanted: ListeningPlace[]): void {
    const names = new Map(wanted.map((each) => [`${each.address}:${each.port}`, each]));
    for (const [name, server] of this.#open) {
      if (names.has(name)) continue;
      server.close();
      this.#open.delete(name);
    }
    for (const [name, where] of names) {
      if (!this.#open.has(name)) this.#open.set(name, this.#listen(name, where));
    }
  }

  #listen(name: string, where: ListeningPlace): Server {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, this.#accept);
    server.on('error', (error) => {
      this.#complain(`cannot listen on ${name}: ${error.message}`);
      this.#open.delete(name);
    });
    return server.listen(where.port, where.address);
  }
}
