import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PROJECT } from '../../compiled/built.js';
import { TIMING } from '../../judge/timing.ts';
import { loadCatalogue } from '../../run/suites.ts';
import { cases } from '../../sandbox/index.ts';
import { withTables } from './document.ts';

const document = readFileSync(join(PROJECT, 'docs/faults.md'), 'utf8');

test('docs/faults.md has the tables of the cases (npm run docs writes them)', () => {
  expect(withTables(document)).toBe(document);
  for (const { name } of cases) expect(document).toContain(`| \`${name}\` |`);
});

test('every claim that a case names exists', async () => {
  const known = (await loadCatalogue()).map(({ id }) => id);
  const named = cases.flatMap(({ caughtBy, alongside = [] }) => [...caughtBy, ...alongside]);
  expect(named.filter((claim) => !known.includes(claim))).toEqual([]);
});

test.each([
  ['docs/faults.md', 'a core claim', TIMING.sampleProbes, [0.002, 0.01, 0.02, 0.05, 0.2]],
  ['docs/faults.md', 'a claim of `reliability`', TIMING.soakProbes, [0.002, 0.01, 0.02, 0.05, 0.2]],
  ['docs/verdicts.md', 'a core claim', TIMING.sampleProbes, [0.002, 0.01, 0.02, 0.05, 0.2]],
  ['docs/verdicts.md', 'a core claim, if only one', TIMING.routeProbes, [0.002, 0.01, 0.02, 0.05, 0.2]],
  ['docs/verdicts.md', 'a soak', TIMING.soakProbes, [0.002, 0.01, 0.02, 0.05, 0.2]],
])('%s has the probabilities of %s', (file, who, probes, shares) => {
  const row = rowOf(file, `| ${who}`);
  expect(row).toContain(`${probes} probes`);
  const written = shares.map((share) => shown(1 - (1 - share) ** probes));
  expect(row.split(' | ').slice(1).join(' | ')).toBe(`${written.join(' | ')} |`);
});

function rowOf(file: string, beginning: string): string {
  const lines = readFileSync(join(PROJECT, file), 'utf8').split('\n');
  return lines.map((line) => line.trim()).find((line) => line.startsWith(beginning)) ?? '';
}

function shown(probability: number): string {
  return probability >= 0.99995 ? 'more than 99.99 %' : `${(100 * probability).toFixed(1)} %`;
}
