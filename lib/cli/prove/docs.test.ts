import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { TIMING } from '../../claim/timing.ts';
import { cases } from '../../prove/index.ts';
import { loadCatalogue } from '../catalogue.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/faults.md'), 'utf8');

test.each(cases)('docs/faults.md has $name, with its sentence and the claims that must notice it', (each) => {
  const row = text.split('\n').find((line) => line.startsWith(`| \`${each.name}\` |`)) ?? '';
  expect(row).toContain(each.says);
  for (const claim of each.caughtBy) expect(row).toContain(`\`${claim}\``);
  expect(row.includes('(devised)')).toBe(each.devised !== undefined);
});

test('every claim that a case names exists', async () => {
  const known = (await loadCatalogue()).map(({ id }) => id);
  const named = cases.flatMap(({ caughtBy, alongside = [] }) => [...caughtBy, ...alongside]);
  expect(named.filter((claim) => !known.includes(claim))).toEqual([]);
});

test.each([
  ['a core claim', TIMING.holdProbes],
  ['a claim of `reliability`', TIMING.lengthProbes],
])('docs/faults.md has the probabilities of %s', (who, probes) => {
  const row = text.split('\n').find((line) => line.startsWith(`| ${who}`)) ?? '';
  expect(row).toContain(`${probes} probes`);
  const written = [0.002, 0.01, 0.02, 0.05, 0.2].map((share) => shown(1 - (1 - share) ** probes));
  expect(row.split(' | ').slice(1).join(' | ')).toBe(`${written.join(' | ')} |`);
});

function shown(probability: number): string {
  return probability >= 0.99995 ? 'more than 99.99 %' : `${(100 * probability).toFixed(1)} %`;
}
