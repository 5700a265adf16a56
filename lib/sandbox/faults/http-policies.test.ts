import { expect, test } from '@jest/globals';
import type { HttpMatch } from '../mesh/state.ts';
import { type Asked, MeshModel } from '../testing/mesh-model.ts';

const ONE = '10.244.1.10';

function ask(mesh: MeshModel, ...requests: Asked[]): string {
  return requests.map((asked) => (mesh.ask(ONE, '10.96.1.2', 14001, asked) === '-' ? '-' : '+')).join('');
}

/** The fault; the group, with the matches that the target names; requests; what each of the two meshes lets in. */
const rows: [string, HttpMatch[], string[] | undefined, Asked[], string, string][] = [
  ['http-path-ignored', [{ pathRegex: '/get' }], undefined, [{ url: '/post' }], '-', '+'],
  ['http-method-ignored', [{ methods: ['GET'] }], undefined, [{ method: 'POST' }], '-', '+'],
  ['http-headers-ignored', [{ headers: [{ team: 'red' }] }], undefined, [{}], '-', '+'],
  [
    'http-header-values-ignored',
    [{ headers: [{ team: 'red' }] }],
    undefined,
    [{ headers: { team: 'blue' } }, {}],
    '--',
    '+-',
  ],
  [
    'http-first-header-only',
    [{ headers: [{ team: 'red' }, { role: 'reader' }] }],
    undefined,
    [{ headers: { team: 'red' } }, { headers: { role: 'reader' } }],
    '--',
    '+-',
  ],
  [
    'http-any-header-suffices',
    [{ headers: [{ team: 'red' }, { role: 'reader' }] }],
    undefined,
    [{ headers: { team: 'red' } }, { headers: { role: 'reader' } }, {}],
    '---',
    '++-',
  ],
  ['http-header-names-by-case', [{ headers: [{ Team: 'red' }] }], undefined, [{ headers: { team: 'red' } }], '+', '-'],
  ['http-path-anywhere', [{ pathRegex: '/get' }], undefined, [{ url: '/anything/get' }], '-', '+'],
  ['http-path-as-text', [{ pathRegex: '/g[aeiou]t' }], undefined, [{ url: '/get' }, { url: '/g[aeiou]t' }], '+-', '-+'],
  ['http-path-with-query', [{ pathRegex: '/get$' }], undefined, [{ url: '/get?n=1' }, { url: '/get' }], '++', '-+'],
  [
    'http-first-match-only',
    [{ pathRegex: '/get' }, { pathRegex: '/post' }],
    undefined,
    [{ url: '/get' }, { url: '/post' }],
    '++',
    '+-',
  ],
  [
    'http-first-method-only',
    [{ methods: ['GET', 'POST'] }],
    undefined,
    [{ method: 'GET' }, { method: 'POST' }],
    '++',
    '+-',
  ],
  ['http-any-method-means-get', [{ methods: ['*'] }], undefined, [{ method: 'GET' }, { method: 'POST' }], '++', '+-'],
  [
    'http-all-matches-of-the-group',
    [
      { name: 'a', pathRegex: '/get' },
      { name: 'b', pathRegex: '/post' },
    ],
    ['a'],
    [{ url: '/get' }, { url: '/post' }],
    '+-',
    '++',
  ],
  ['http-group-without-named-matches', [{ name: 'a' }], undefined, [{}], '+', '-'],
  [
    'http-first-named-match-only',
    [
      { name: 'a', pathRegex: '/get' },
      { name: 'b', pathRegex: '/post' },
    ],
    ['a', 'b'],
    [{ url: '/get' }, { url: '/post' }],
    '++',
    '+-',
  ],
  [
    'http-matches-crossed',
    [
      { pathRegex: '/get', methods: ['GET'] },
      { pathRegex: '/post', methods: ['POST'] },
    ],
    undefined,
    [{ url: '/get' }, { url: '/get', method: 'POST' }],
    '+-',
    '++',
  ],
  [
    'http-method-override-trusted',
    [{ methods: ['GET'] }],
    undefined,
    [{ method: 'POST', headers: { 'x-http-method-override': 'GET' } }, { method: 'POST' }],
    '--',
    '+-',
  ],
  [
    'http-original-path-trusted',
    [{ pathRegex: '/get' }],
    undefined,
    [{ url: '/post', headers: { 'x-original-url': '/get' } }, { url: '/post' }],
    '--',
    '+-',
  ],
];

test.each(rows)('%s', (fault, matches, named, requests, conforming, faulty) => {
  for (const [name, expected] of [
    [undefined, conforming],
    [fault, faulty],
  ]) {
    const mesh = new MeshModel(name);
    mesh.allowHttp('p', matches, named === undefined ? {} : { named });
    expect(ask(mesh, ...requests)).toBe(expected);
  }
});

test('http-edits-ignored', () => {
  for (const [name, expected] of [
    [undefined, '-+'],
    ['http-edits-ignored', '+-'],
  ]) {
    const mesh = new MeshModel(name);
    mesh.allowHttp('p', [{ pathRegex: '/get' }]);
    mesh.allowHttp('p', [{ pathRegex: '/post' }]);
    expect(ask(mesh, { url: '/get' }, { url: '/post' })).toBe(expected);
  }
});

test('judged-at-the-first-request and second-request-refused: later requests of one connection', () => {
  const seen = (fault?: string): string => {
    const mesh = new MeshModel(fault);
    mesh.allowHttp('p', [{ pathRegex: '/get' }]);
    const socket = {};
    return ask(mesh, { url: '/get', socket }, { url: '/post', socket }, { url: '/get', socket }, { url: '/post' });
  };
  expect(seen()).toBe('+-+-');
  expect(seen('judged-at-the-first-request')).toBe('+++-');
  expect(seen('second-request-refused')).toBe('+---');
});

test.each<[string, Asked]>([
  ['large-headers-refused', { headers: { long: 'x'.repeat(7_000) } }],
  ['many-headers-refused', { headers: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`h${n}`, 'v'])) }],
  ['long-paths-refused', { url: `/get?${'x'.repeat(3_000)}` }],
  ['uploads-above-1-mib-refused', { method: 'POST', headers: { 'content-length': '1048577' } }],
])('%s', (fault, asked) => {
  for (const [name, expected] of [
    [undefined, '++'],
    [fault, '-+'],
  ]) {
    const mesh = new MeshModel(name);
    mesh.set({ permissive: true });
    expect(ask(mesh, asked, {})).toBe(expected);
  }
});
