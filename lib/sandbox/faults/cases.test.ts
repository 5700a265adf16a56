import { expect, test } from '@jest/globals';
import { cases, faultNames } from './index.ts';

test('every case has its own name and a sentence', () => {
  const names = cases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { description } of cases) expect(description).toMatch(/^[a-zA-Z0-9].{10,}[^.]$/);
});

test('every faulty mesh names claims that must notice it, or says why none can', () => {
  const faulty = cases.filter(({ kind }) => kind === 'faulty-mesh');
  expect(faulty.filter(({ caughtBy }) => caughtBy.length > 0).length).toBeGreaterThanOrEqual(45);
  const silent = faulty.filter(({ caughtBy, because }) => caughtBy.length === 0 && because === undefined);
  expect(silent).toEqual([]);
});

test('somebody wrote most of them before reading the suites', () => {
  expect(cases.filter(({ devised }) => devised)).toHaveLength(149);
});

test('the sandbox itself causes all cases, except those of a driver, a setting or a disk', () => {
  const others = cases.filter(({ name }) => !faultNames.includes(name)).map(({ name }) => name);
  expect(others).toEqual([
    'egress-installed-on',
    'egress-installed-off',
    'crash-loop',
    'accepts-any-value',
    'accepts-any-egress-value',
    'reference',
    'slow-30-s',
    'older-smi-versions',
    'disk-full',
  ]);
});
