import { createServer, type Server, type Socket } from 'node:net';

export interface ListeningPlace {
  address: string;
  port: number;
}

/** Keeps one listening socket per wanted address and port; half-open connections are left to the one who accepts them. */
export class Listeners {
  readonly #open = new Map<string, Server>();
  readonly #accept: (socket: Socket) => void;
  readonly #complain: (message: string) => void;

  constructor(accept: (socket: Socket) => void, complain: (message: string) => void) {
    this.#accept = accept;
    this.#complain = complain;
  }

  /** Opens what is missing and closes what is not wanted; connections already taken go on. */
  keep(wanted: ListeningPlace[]): void {
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
