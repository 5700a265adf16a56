import { expect, it } from '@jest/globals';
import { coloursFor } from '../console/colours.ts';
import type { DeclaredClaim } from '../judge/declare.ts';
import { plainClaims, printList } from './list.ts';

const claims: DeclaredClaim[] = [
  {
    id: 'a/one',
    suite: 'a',
    title: 'one holds',
    spec: 'guide, 1',
    level: 'core',
    features: [],
    starts: { egress: true },
  },
  { id: 'a/two', suite: 'a', title: 'two holds', spec: 'guide, 2', level: 'extended', features: ['sidecar', 'egress'] },
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

it('prints the same as JSON, without what is no declaration', () => {
  const registered = claims.map((claim) => ({ ...claim, body: async () => undefined }));
  expect(plainClaims(registered)).toEqual([
    { ...claims[0], ends: {} },
    { ...claims[1], starts: {}, ends: {} },
  ]);
});
