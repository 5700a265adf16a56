import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex, Transform } from 'node:stream';
import type { Fault } from './fault.ts';
import { withAllRoutes } from './settings.ts';

const FLAP_EVERY_MS = 3_000;
const FLAP_FOR_MS = 1_000;
const CUT_BYTES = 16 * 1024;

/** What is let through or refused by chance or by the clock, and answers that are not the server's. */
export const reliabilityFaults = {
  'refuses-one-in-5': refusingOneIn(5),
  'refuses-one-in-20': refusingOneIn(20),
  'refuses-one-in-50': refusingOneIn(50),
  'refuses-one-in-500': refusingOneIn(500),
  'lets-in-one-in-5': lettingInOneIn(5),
  'lets-in-one-in-20': lettingInOneIn(20),
  'lets-in-one-in-50': lettingInOneIn(50),
  'lets-in-one-in-500': lettingInOneIn(500),
  'closes-every-3-s': {
    data: () => ({ outbound: (decision) => (isFlapping() ? { action: 'refuse' } : decision) }),
  },
  'opens-every-3-s': {
    control: () => ({ sidecar: withAllRoutes }),
    data: () => ({
      inbound: (decision) => (decision.action === 'refuse' && isFlapping() ? { action: 'relay' } : decision),
      request: (isAllowed) => isAllowed || isFlapping(),
    }),
  },
  'opens-after-each-change': {
    control: () => ({ sidecar: withAllRoutes }),
    data: () => {
      let toldAt = 0;
      const isOpen = (): boolean => Date.now() - toldAt < FLAP_FOR_MS;
      return {
        told: () => {
          toldAt = Date.now();
        },
        inbound: (decision) => (decision.action === 'refuse' && isOpen() ? { action: 'relay' } : decision),
        request: (isAllowed) => isAllowed || isOpen(),
      };
    },
  },
  'accepts-and-hangs': {
    data: () => ({ outbound: (decision, client) => (decision.action === 'refuse' ? decision : swallow(client)) }),
  },
  'answers-from-cache': {
    data: () => {
      const cache = new Map<string, string>();
      return {
        serve: (asked, answer, port) => {
          const path = (asked.url ?? '').split('?', 1)[0] ?? '';
          const key = `${asked.method} ${port} ${path}`;
          const kept = cache.get(key);
          if (kept !== undefined) json(answer, kept);
          else keepBody(answer, (text) => cache.set(key, text));
          return kept !== undefined;
        },
      };
    },
  },
  'answers-in-place-of-the-server': {
    data: () => ({
      serve: (asked, answer) => {
        json(answer, pretended(asked));
        return true;
      },
    }),
  },
  'denies-with-an-empty-200': {
    control: () => ({ sidecar: withAllRoutes }),
    data: () => ({ deny: (_, answer) => answer.writeHead(200, { 'Content-Length': 0 }).end() }),
  },
  'delivers-then-cuts': {
    // The server gets every word that is refused, and only its answer is held back.
    control: () => ({ sidecar: withAllRoutes }),
    data: () => {
      let isCut = false;
      return {
        inbound: (decision) => {
          isCut = decision.action === 'refuse';
          return isCut ? { action: 'relay' } : decision;
        },
        wrap: (application) => (isCut ? answering(application, () => silence()) : application),
      };
    },
  },
  'echo-altered': {
    data: () => ({ wrap: (application) => answering(application, () => altering((text) => text.toUpperCase())) }),
  },
  'http-answers-altered': {
    data: () => ({ body: () => altering((text) => text.replace('"nonce"', '"n0nce"')) }),
  },
  'answers-cut-at-16-kib': {
    data: () => ({ body: cutting, wrap: (application) => answering(application, cutting) }),
  },
  'head-refused': { data: () => ({ request: (isAllowed, { method }) => isAllowed && method !== 'HEAD' }) },
  'sidecar-crashes-at-changes': {
    data: ({ say }) => {
      let told = 0;
      return {
        told: () => {
          told += 1;
          if (told < 4) return;
          say('crashing');
          process.exit(1);
        },
      };
    },
  },
} satisfies Record<string, Fault>;

function refusingOneIn(n: number): Fault {
  return {
    data: ({ draw }) => ({ outbound: (decision) => (draw() < 1 / n ? { action: 'refuse' } : decision) }),
  };
}

function lettingInOneIn(n: number): Fault {
  return {
    control: () => ({ sidecar: withAllRoutes }),
    data: ({ draw }) => ({
      outbound: (decision) => (decision.action === 'refuse' && draw() < 1 / n ? { action: 'passthrough' } : decision),
      inbound: (decision) => (decision.action === 'refuse' && draw() < 1 / n ? { action: 'relay' } : decision),
      request: (isAllowed) => isAllowed || draw() < 1 / n,
    }),
  };
}

function isFlapping(): boolean {
  return Date.now() % FLAP_EVERY_MS < FLAP_FOR_MS;
}

function swallow(client: Socket): undefined {
  client.on('error', () => client.destroy());
  client.resume();
  return undefined;
}

function json(answer: ServerResponse, text: string): void {
  answer.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** What go-httpbin would answer, as far as a client can tell. */
function pretended({ url = '/', headers, method }: IncomingMessage): string {
  const { searchParams, href } = new URL(url, `http://${headers.host}`);
  const args = Object.fromEntries([...searchParams].map(([name, value]) => [name, [value]]));
  return `${JSON.stringify({ args, headers, method, origin: '10.0.0.1', url: href })}\n`;
}

function keepBody(answer: ServerResponse, keep: (text: string) => void): void {
  let text = '';
  const write = answer.write.bind(answer);
  answer.write = (chunk: Buffer, ...rest: unknown[]) => {
    text += chunk.toString();
    return (write as (...words: unknown[]) => boolean)(chunk, ...rest);
  };
  answer.once('finish', () => keep(text));
}

/** An application whose answers pass through a transform. */
function answering(application: Duplex, through: () => Transform): Duplex {
  return Duplex.from({ writable: application, readable: application.pipe(through()) });
}

function altering(change: (text: string) => string): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, change(chunk.toString('latin1'))),
  });
}

function silence(): Transform {
  return new Transform({ transform: (_chunk, _encoding, done) => done() });
}

function cutting(): Transform {
  let left = CUT_BYTES;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      done(null, part);
    },
  });
}
