import type { IncomingMessage } from 'node:http';
import { PassThrough, type Transform } from 'node:stream';
import { awaitingClaims, inArea, type MeshFault } from './fault.ts';
import { altering, cutting, type Directions, through } from './transforms.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const LONG_LINE = 4 * KIB;
const LONG_PATH = 2 * KIB;
const LARGE_HEADERS = 6 * KIB;
const MANY_HEADERS = 40;

/** Faulty meshes that do not pass on what is large, long or not text. */
export const sizeFaults = inArea(
  'sizes',
  awaitingClaims({
    'uploads-cut-at-64-kib': {
      description: 'the mesh cuts the bodies of HTTP requests after 64 KiB',
      caughtBy: [],
      data: () => ({ upload: () => cutting(64 * KIB) }),
    },
    'uploads-cut-at-1-mib': {
      description: 'the mesh cuts the bodies of HTTP requests after 1 MiB',
      devised: true,
      caughtBy: [],
      data: () => ({ upload: () => cutting(MIB) }),
    },
    'uploads-above-1-mib-refused': {
      description: 'the mesh refuses HTTP requests with a body of more than 1 MiB',
      devised: true,
      caughtBy: [],
      ...refusing(({ headers }) => Number(headers['content-length'] ?? 0) > MIB),
    },
    'chunked-uploads-lost': {
      description: 'the mesh loses the bodies of HTTP requests that name no length',
      devised: true,
      caughtBy: [],
      data: () => ({
        upload: ({ headers }) => (headers['transfer-encoding'] === 'chunked' ? cutting(0) : new PassThrough()),
      }),
    },
    'http-answers-cut-at-64-kib': {
      description: 'the mesh cuts HTTP answers after 64 KiB',
      devised: true,
      caughtBy: [],
      data: () => ({ body: () => cutting(64 * KIB) }),
    },
    'http-answers-cut-at-1-mib': {
      description: 'the mesh cuts HTTP answers after 1 MiB',
      devised: true,
      caughtBy: [],
      data: () => ({ body: () => cutting(MIB) }),
    },
    'tcp-uploads-cut-at-64-kib': {
      description: 'the mesh cuts what a client sends over TCP after 64 KiB',
      devised: true,
      caughtBy: [],
      ...overTcp(() => ({ up: cutting(64 * KIB) })),
    },
    'tcp-answers-cut-at-64-kib': {
      description: 'the mesh cuts what a server sends over TCP after 64 KiB',
      devised: true,
      caughtBy: [],
      ...overTcp(() => ({ down: cutting(64 * KIB) })),
    },
    'long-lines-cut': {
      description: 'the mesh cuts lines of more than 4 KiB that a client sends over TCP',
      devised: true,
      caughtBy: [],
      ...overTcp(() => ({ up: cuttingLines() })),
    },
    'high-bytes-altered-over-tcp': {
      description: 'the mesh changes bytes above 127 that a client sends over TCP to question marks',
      devised: true,
      caughtBy: [],
      ...overTcp(() => ({ up: altering(withoutHighBytes) })),
    },
    'high-bytes-altered-in-uploads': {
      description: 'the mesh changes bytes above 127 in the bodies of HTTP requests to question marks',
      devised: true,
      caughtBy: [],
      data: () => ({ upload: () => altering(withoutHighBytes) }),
    },
    'zero-bytes-lost-over-tcp': {
      description: 'the mesh loses zero bytes that a client sends over TCP',
      devised: true,
      caughtBy: [],
      ...overTcp(() => ({ up: altering((text) => text.replaceAll('\0', '')) })),
    },
    'large-headers-refused': {
      description: 'the mesh refuses HTTP requests with more than 6 KiB of headers',
      devised: true,
      caughtBy: [],
      ...refusing(({ rawHeaders }) => rawHeaders.join('').length > LARGE_HEADERS),
    },
    'many-headers-refused': {
      description: 'the mesh refuses HTTP requests with more than 40 headers',
      devised: true,
      caughtBy: [],
      ...refusing(({ rawHeaders }) => rawHeaders.length > 2 * MANY_HEADERS),
    },
    'long-paths-refused': {
      description: 'the mesh refuses HTTP requests with a path and query of more than 2 KiB',
      devised: true,
      caughtBy: [],
      ...refusing(({ url = '' }) => url.length > LONG_PATH),
    },
  }),
);

function refusing(isRefused: (asked: IncomingMessage) => boolean): Pick<MeshFault, 'data'> {
  return { data: () => ({ request: (isAllowed, asked) => isAllowed && !isRefused(asked) }) };
}

/** @param begin - called for each connection */
function overTcp(begin: () => Directions): Pick<MeshFault, 'data'> {
  return { data: () => ({ wrap: (application) => through(application, begin()) }) };
}

function cuttingLines(): Transform {
  let length = 0;
  return altering((text) =>
    [...text]
      .filter((letter) => {
        length = letter === '\n' ? 0 : length + 1;
        return length <= LONG_LINE;
      })
      .join(''),
  );
}

function withoutHighBytes(text: string): string {
  return text.replace(/[\u0080-\u00ff]/g, '?');
}
