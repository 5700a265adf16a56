import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type DataFault, inArea, type MeshFault, VARIES } from './fault.ts';
import { withAllRoutes } from './settings.ts';
import { altering, cutting, onBody, through } from './transforms.ts';

const CUT_BYTES = 16 * 1024;
const RARE_REFUSALS = 'one claim is about rare refusals; "How rare a fault may be" has the numbers';
const RARE_LEAKS = 'one claim is about rare leaks; "How rare a fault may be" has the numbers';

/** Faulty meshes that are wrong at random or at times, that alter answers, or that crash. */
export const reliabilityFaults = inArea('reliability', {
  'refuses-one-in-5': {
    description: 'the mesh refuses one connection in 5, at random',
    varies: VARIES.chance,
    caughtBy: ['permissive/on-opens', 'tcp-routing/permissive-echo'],
    ...refusingOneIn(5),
  },
  'refuses-one-in-20': {
    description: 'the mesh refuses one connection in 20, at random',
    varies: VARIES.chance,
    caughtBy: ['permissive/on-opens'],
    ...refusingOneIn(20),
  },
  'lets-in-one-in-5': {
    description: 'the mesh lets in one connection in 5 that it must refuse, at random',
    varies: VARIES.chance,
    caughtBy: ['permissive/off-closes', 'egress/off-closes'],
    ...lettingInOneIn(5),
  },
  'lets-in-one-in-20': {
    description: 'the mesh lets in one connection in 20 that it must refuse, at random',
    varies: VARIES.chance,
    caughtBy: ['permissive/off-closes'],
    ...lettingInOneIn(20),
  },
  'refuses-one-in-50': {
    description: 'the mesh refuses one connection in 50, at random',
    varies: VARIES.chance,
    caughtBy: ['reliability/keeps-answering'],
    ...refusingOneIn(50),
  },
  'refuses-one-in-500': {
    description: 'the mesh refuses one connection in 500, at random',
    varies: VARIES.chance,
    caughtBy: ['reliability/keeps-answering'],
    because: RARE_REFUSALS,
    ...refusingOneIn(500),
  },
  'lets-in-one-in-50': {
    description: 'the mesh lets in one connection in 50 that it must refuse, at random',
    varies: VARIES.chance,
    caughtBy: ['reliability/keeps-refusing'],
    ...lettingInOneIn(50),
  },
  'lets-in-one-in-500': {
    description: 'the mesh lets in one connection in 500 that it must refuse, at random',
    varies: VARIES.chance,
    caughtBy: ['reliability/keeps-refusing'],
    because: RARE_LEAKS,
    ...lettingInOneIn(500),
  },
  'closes-every-3-s': {
    description: 'the mesh refuses everything for one second in three',
    varies: VARIES.chance,
    caughtBy: ['permissive/stays-on'],
    data: () => ({ outbound: (decision) => (isWrongSecond() ? { action: 'refuse' } : decision) }),
  },
  'opens-every-3-s': {
    description: 'the mesh lets in everything from inside for one second in three',
    varies: VARIES.chance,
    caughtBy: ['permissive/stays-off'],
    control: () => ({ sidecar: withAllRoutes }),
    data: () => lettingInWhile(isWrongSecond),
  },
  'opens-after-each-change': {
    description: 'the mesh lets in everything from inside for one second after each change',
    varies: VARIES.changes,
    caughtBy: ['permissive/stays-off'],
    alongside: ['tcp-routing/allowed-port', 'tcp-routing/other-port'],
    control: () => ({ sidecar: withAllRoutes }),
    data: () => {
      let changedAt = 0;
      return {
        ...lettingInWhile(() => Date.now() - changedAt < 1_000),
        configured: () => {
          changedAt = Date.now();
        },
      };
    },
  },
  'accepts-and-hangs': {
    description: 'the mesh accepts allowed connections and never answers them',
    caughtBy: ['permissive/on-opens', 'egress/on-opens'],
    data: () => ({ outbound: (decision, client) => (decision.action === 'refuse' ? decision : swallow(client)) }),
  },
  'answers-from-cache': {
    description: 'the mesh answers HTTP from a cache that ignores the query',
    caughtBy: ['permissive/on-opens', 'permissive/off-closes'],
    data: () => {
      const cache = new Map<string, string>();
      return {
        serve: (asked, answer, port) => {
          const path = (asked.url ?? '').split('?', 1)[0] ?? '';
          const key = `${asked.method} ${port} ${path}`;
          const cached = cache.get(key);
          if (cached !== undefined) json(answer, cached);
          else onBody(answer, (text) => cache.set(key, text));
          return cached !== undefined;
        },
      };
    },
  },
  'answers-in-place-of-the-server': {
    description: 'the proxy invents the answer, and the server never sees the request',
    caughtBy: ['permissive/on-opens'],
    data: () => ({
      serve: (asked, answer) => {
        json(answer, invented(asked));
        return true;
      },
    }),
  },
  'denies-with-an-empty-200': {
    description: 'the mesh answers refused HTTP with status 200 and no body',
    devised: true,
    caughtBy: ['permissive/off-closes'],
    control: () => ({ sidecar: withAllRoutes }),
    data: () => ({ deny: (_, answer) => answer.writeHead(200, { 'Content-Length': 0 }).end() }),
  },
  'denies-with-the-marks-of-the-agent': {
    description: "the mesh answers refused HTTP with status 200 and text that looks like the end of a probe's output",
    caughtBy: ['permissive/off-closes'],
    control: () => ({ sidecar: withAllRoutes }),
    data: () => ({
      deny: ({ url = '' }, answer) => {
        const nonce = /nonce=([0-9a-z]+)/.exec(url)?.[1] ?? '';
        answer.writeHead(200).end(`\n#${nonce} 0 200\n`);
      },
    }),
  },
  'answers-cut-at-16-kib': {
    description: 'the mesh cuts answers after 16 KiB',
    caughtBy: ['reliability/whole-answers'],
    data: () => ({
      body: () => cutting(CUT_BYTES),
      wrap: (application) => through(application, { down: cutting(CUT_BYTES) }),
    }),
  },
  'delivers-then-cuts': {
    description: 'refused TCP reaches the server, and only the answer is lost',
    devised: true,
    caughtBy: ['permissive/off-closes', 'tcp-routing/no-policy'],
    control: () => ({ sidecar: withAllRoutes }),
    data: () => {
      let isCut = false;
      return {
        inbound: (decision) => {
          isCut = decision.action === 'refuse';
          return isCut ? { action: 'relay' } : decision;
        },
        wrap: (application) => (isCut ? through(application, { down: altering(() => '') }) : application),
      };
    },
  },
  'echo-altered': {
    description: 'the mesh changes the letters of TCP answers to capitals',
    caughtBy: ['tcp-routing/permissive-echo'],
    data: () => ({ wrap: (application) => through(application, { down: altering((text) => text.toUpperCase()) }) }),
  },
  'http-answers-altered': {
    description: 'the mesh changes HTTP answers',
    caughtBy: ['permissive/on-opens'],
    data: () => ({ body: () => altering((text) => text.replace('"nonce"', '"n0nce"')) }),
  },
  'head-refused': {
    description: 'the mesh refuses HTTP requests with the method HEAD',
    caughtBy: ['permissive/on-opens'],
    data: () => ({ request: (isAllowed, { method }) => isAllowed && method !== 'HEAD' }),
  },
  'crash-loop': {
    description: 'sidecars crash at each start',
    sets: ['reference.sidecarImage=meshproof/reference-sidecar-crashing:v1'],
    caughtBy: ['lifecycle/stable'],
  },
  'sidecar-crashes-at-changes': {
    description: 'sidecars crash once, at their fourth change',
    varies: VARIES.changes,
    caughtBy: ['lifecycle/stable'],
    alongside: ['permissive/switches'],
    data: ({ log }) => {
      let changes = 0;
      return {
        configured: () => {
          changes += 1;
          if (changes < 4) return;
          log('crashing');
          process.exit(1);
        },
      };
    },
  },
});

function refusingOneIn(n: number): Pick<MeshFault, 'data'> {
  return {
    data: ({ random }) => ({ outbound: (decision) => (random() < 1 / n ? { action: 'refuse' } : decision) }),
  };
}

function lettingInOneIn(n: number): Pick<MeshFault, 'control' | 'data'> {
  return {
    control: () => ({ sidecar: withAllRoutes }),
    data: ({ random }) => ({
      outbound: (decision) => (decision.action === 'refuse' && random() < 1 / n ? { action: 'passthrough' } : decision),
      ...lettingInWhile(() => random() < 1 / n),
    }),
  };
}

/** The server's sidecar lets in what it must refuse, as long as `isOpen` answers true. */
function lettingInWhile(isOpen: () => boolean): Pick<DataFault, 'inbound' | 'request'> {
  return {
    inbound: (decision) => (decision.action === 'refuse' && isOpen() ? { action: 'relay' } : decision),
    request: (isAllowed) => isAllowed || isOpen(),
  };
}

/** True for one second in three, by the clock that all sidecars share. */
function isWrongSecond(): boolean {
  return Date.now() % 3_000 < 1_000;
}

function swallow(client: Socket): undefined {
  client.on('error', () => client.destroy());
  client.resume();
  return undefined;
}

function json(answer: ServerResponse, text: string): void {
  answer.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** An answer that a client cannot tell from go-httpbin's. */
function invented({ url = '/', headers, method }: IncomingMessage): string {
  const { searchParams, href } = new URL(url, `http://${headers.host}`);
  const args = Object.fromEntries([...searchParams].map(([name, value]) => [name, [value]]));
  return `${JSON.stringify({ args, headers, method, origin: '10.0.0.1', url: href })}\n`;
}
