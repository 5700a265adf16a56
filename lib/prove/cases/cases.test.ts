import { expect, test } from '@jest/globals';
import { faultNames } from '../../sandbox/index.ts';
import { cases } from './index.ts';

test('every fault of the sandbox is a case, once; a full disk meets one of them', () => {
  const used = cases.flatMap(({ fault, diskKiB }) => (fault === undefined || diskKiB !== undefined ? [] : [fault]));
  expect([...used].sort()).toEqual([...faultNames].sort());
});

test('every case has a name of its own and a sentence', () => {
  const names = cases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { says } of cases) expect(says).toMatch(/^[a-zA-Z].{10,}[^.]$/);
});

test('every wrong mesh names claims that must notice it, or says why none can', () => {
  const wrong = cases.filter(({ kind }) => kind === 'mesh');
  expect(wrong.filter(({ caughtBy }) => caughtBy.length > 0).length).toBeGreaterThanOrEqual(45);
  const silent = wrong.filter(({ caughtBy, because }) => caughtBy.length === 0 && because === undefined);
  expect(silent).toEqual([]);
});

test('ten of them were devised before the suites were read', () => {
  expect(cases.filter(({ devised }) => devised !== undefined)).toHaveLength(10);
});
