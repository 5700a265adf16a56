import { expect, it } from '@jest/globals';
import { coloursFor } from '../console/colours.ts';
import type { Claim } from '../judge/claim.ts';
import { plainClaims, printList } from './list.ts';

const claims: Claim[] = [
  {
    id: 'a/one',
    suite: 'a',
    title: 'one holds',
    spec: 'guide, 1',
    level: 'core',
    features: [],
    starts: { egress: true },
    body: async () => undefined,
  },
  {
    id: 'a/two',
    suite: 'a',
    title: 'two holds',
    spec: 'guide, 2',
    level: 'extended',
    features: ['sidecar', 'egress'],
    body: async () => undefined,
  },
];

it('prints each suite with its claims, sentences, sources and needs', () => {
  expect(printList(claims, coloursFor({ isTTY: false }))).toBe(
    [
      'a',
      '  a/one',
      '      one holds',
      '      guide, 1',
      '  a/two  extended',
      '      two holds',
      '      guide, 2; needs sidecar, egress',
      '',
      '2 claims, of which 1 extended (they run with --extended, or when named by their id)',
      '',
    ].join('\n'),
  );
});

it('prints the same as JSON, without the body', () => {
  expect(plainClaims(claims)).toEqual(
    claims.map(({ body: _, starts = {}, ends = {}, ...claim }) => ({ ...claim, starts, ends })),
  );
});
