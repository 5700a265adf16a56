import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, Transform } from 'node:stream';
import { awaitingClaims, inArea, type MeshFault, VARIES } from './fault.ts';
import { altering, type Directions, onBody, through } from './transforms.ts';

const RESTING_MS = 2_000;
const LONG_MS = 5_000;
const SLOW_MS = 3_000;
const MOST_CONNECTIONS = 16;

/** Faulty meshes that mishandle connections that last: their later requests, their pauses, their ends. */
export const connectionFaults = inArea(
  'connections',
  awaitingClaims({
    'judged-at-the-first-request': {
      description:
        'the mesh decides about the first HTTP request of a connection, and lets later ones pass as that one',
      caughtBy: [],
      data: () => {
        const first = new WeakMap<Socket, boolean>();
        return {
          request: (isAllowed, { socket }) => {
            const decision = first.get(socket) ?? isAllowed;
            first.set(socket, decision);
            return decision;
          },
        };
      },
    },
    'second-request-refused': {
      description: 'the mesh refuses the second HTTP request of a connection',
      devised: true,
      caughtBy: [],
      data: () => {
        const countOf = counting();
        return { request: (isAllowed, { socket }) => isAllowed && countOf(socket) < 2 };
      },
    },
    'first-answer-repeated': {
      description: 'each later HTTP request of a connection gets the answer of the first one',
      devised: true,
      caughtBy: [],
      data: () => {
        const bodies = new WeakMap<Socket, string>();
        return {
          serve: ({ socket }, answer) => {
            const body = bodies.get(socket);
            if (body === undefined) onBody(answer, (text) => bodies.set(socket, text));
            else answer.writeHead(200, { 'Content-Length': Buffer.byteLength(body) }).end(body);
            return body !== undefined;
          },
        };
      },
    },
    'resting-http-connection-lost': {
      description: 'an HTTP connection that rests for 2 s gets no answer to its next request',
      devised: true,
      caughtBy: [],
      data: () => {
        const last = new WeakMap<Socket, number>();
        return {
          serve: ({ socket }) => {
            const rested = Date.now() - (last.get(socket) ?? Date.now());
            last.set(socket, Date.now());
            if (rested >= RESTING_MS) socket.destroy();
            return rested >= RESTING_MS;
          },
        };
      },
    },
    'slow-uploads-lost': {
      description: 'the mesh gives up an HTTP request whose body takes more than 3 s to come',
      devised: true,
      caughtBy: [],
      ...givingUp(({ complete }) => !complete),
    },
    'slow-answers-lost': {
      description: 'the mesh gives up an HTTP request whose answer takes more than 3 s to begin',
      devised: true,
      caughtBy: [],
      ...givingUp((_, hasAnswer) => !hasAnswer),
    },
    'first-tcp-answer-only': {
      description: 'of the answers of a TCP connection only the first one comes',
      caughtBy: [],
      ...overTcp(() => {
        let isAnswered = false;
        let isOver = false;
        return {
          up: watching(() => {
            isOver ||= isAnswered;
          }),
          down: altering((text) => {
            isAnswered = true;
            return isOver ? '' : text;
          }),
        };
      }),
    },
    'first-line-of-a-packet-only': {
      description: 'of several lines that a client sends at once over TCP only the first one comes',
      devised: true,
      caughtBy: [],
      ...overTcp(() => ({ up: altering((text) => text.replace(/\n.*/s, '\n')) })),
    },
    'resting-tcp-connection-cut': {
      description: 'the mesh closes a TCP connection that rests for 2 s',
      devised: true,
      caughtBy: [],
      data: () => ({ wrap: (application) => cutAfter(application, RESTING_MS, true) }),
    },
    'long-tcp-connection-cut': {
      description: 'the mesh closes a TCP connection after 5 s, even in use',
      devised: true,
      caughtBy: [],
      data: () => ({ wrap: (application) => cutAfter(application, LONG_MS, false) }),
    },
    'changes-cut-connections': {
      description:
        'each change of modes, policies or pods closes the open connections of the sidecars that it concerns',
      varies: VARIES.changes,
      devised: true,
      caughtBy: [],
      data: () => {
        const open = new Set<Duplex>();
        const noting = <Connection extends Duplex>(connection: Connection): Connection => {
          open.add(connection);
          connection.once('close', () => open.delete(connection));
          return connection;
        };
        return {
          outbound: (decision, client) => {
            noting(client);
            return decision;
          },
          wrap: noting,
          configured: () => {
            for (const connection of open) connection.destroy();
          },
        };
      },
    },
    'first-words-of-the-server-lost': {
      description: 'the mesh loses what a TCP server sends before its client does',
      devised: true,
      caughtBy: [],
      ...overTcp(() => {
        let isAsked = false;
        return {
          up: watching(() => {
            isAsked = true;
          }),
          down: altering((text) => (isAsked ? text : '')),
        };
      }),
    },
    'client-must-speak-first': {
      description: 'the mesh connects to the server only when the client has sent something',
      devised: true,
      caughtBy: [],
      data: () => ({
        hold: (client, goOn) => {
          client.on('error', () => client.destroy());
          client.once('end', goOn);
          client.once('data', (first: Buffer) => {
            client.off('end', goOn);
            client.pause();
            client.unshift(first);
            goOn();
          });
        },
      }),
    },
    'answers-wait-for-the-end': {
      description: 'over TCP the answers come only when the client has ended its side',
      devised: true,
      caughtBy: [],
      ...overTcp(() => {
        const ended = gate();
        return {
          up: watching(() => undefined, ended.open),
          down: new Transform({ transform: (chunk, _encoding, done) => ended.pass(() => done(null, chunk)) }),
        };
      }),
    },
    'end-of-the-server-lost': {
      description: 'a TCP client does not learn that the server has closed the connection',
      devised: true,
      caughtBy: [],
      ...overTcp(() => {
        const ended = gate();
        return {
          up: watching(() => undefined, ended.open),
          down: new Transform({
            transform: (chunk, _encoding, done) => done(null, chunk),
            flush: (done) => ended.pass(done),
          }),
        };
      }),
    },
    'seventeenth-connection-refused': {
      description: 'the mesh refuses further connections of a client that has 16 open ones',
      devised: true,
      caughtBy: [],
      data: () => {
        let open = 0;
        return {
          outbound: (decision, client) => {
            open += 1;
            client.once('close', () => {
              open -= 1;
            });
            return open > MOST_CONNECTIONS ? { action: 'refuse' } : decision;
          },
        };
      },
    },
  }),
);

/** Counts the requests of each connection. */
function counting(): (socket: Socket) => number {
  const counts = new WeakMap<Socket, number>();
  return (socket) => {
    const count = (counts.get(socket) ?? 0) + 1;
    counts.set(socket, count);
    return count;
  };
}

/** Ends HTTP requests that have not come far enough after some time. */
function givingUp(isLate: (asked: IncomingMessage, hasAnswer: boolean) => boolean): Pick<MeshFault, 'data'> {
  return {
    data: () => ({
      serve: (asked, answer) => {
        const timer = setTimeout(() => {
          if (isLate(asked, answer.headersSent)) asked.socket.destroy();
        }, SLOW_MS);
        answer.once('close', () => clearTimeout(timer));
        return false;
      },
    }),
  };
}

/** @param begin - called for each connection */
function overTcp(begin: () => Directions): Pick<MeshFault, 'data'> {
  return { data: () => ({ wrap: (application) => through(application, begin()) }) };
}

/** Passes everything on, and tells of each chunk and of the end. */
function watching(onChunk: () => void, onEnd: () => void = () => undefined): Transform {
  return new Transform({
    transform: (chunk, _encoding, done) => {
      onChunk();
      done(null, chunk);
    },
    flush: (done) => {
      onEnd();
      done();
    },
  });
}

/** Lets calls wait until it opens. */
function gate(): { open(): void; pass(call: () => void): void } {
  let isOpen = false;
  const waiting: (() => void)[] = [];
  return {
    open: () => {
      isOpen = true;
      for (const call of waiting.splice(0)) call();
    },
    pass: (call) => {
      if (isOpen) call();
      else waiting.push(call);
    },
  };
}

/** Closes a connection some time after its beginning, or after its last byte. */
export function cutAfter(application: Duplex, ms: number, isIdleTime: boolean): Duplex {
  let timer = setTimeout(cut, ms);
  function cut(): void {
    application.destroy();
  }
  const again = (): void => {
    if (!isIdleTime) return;
    clearTimeout(timer);
    timer = setTimeout(cut, ms);
  };
  application.once('close', () => clearTimeout(timer));
  return through(application, { up: watching(again), down: watching(again) });
}
