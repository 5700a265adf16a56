import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Case } from '../sandbox/index.ts';
import { CellRegistry } from './cell-registry.ts';
import type { CellPlan, CellResult } from './cells.ts';

const origin = { commit: 'c', suiteHash: 'h' };
const about: Case = { name: 'one', kind: 'faulty-mesh', area: 'a', description: 's', caughtBy: [] };
const quick: CellPlan = { case: about, claims: ['a/one'] };
const whole: CellPlan = { case: about, claims: ['a/one'], suites: ['a'] };
const result: CellResult = {
  name: 'one',
  verdicts: { 'a/one': 'failed' },
  status: 1,
  decidedDuringFault: [],
  probedDuringFault: false,
  ms: 5,
  folder: 'f',
};

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-cells-'));
  file = join(folder, 'deeper', 'cells.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a new registry on the same file finds a cell, and distinguishes quick and whole cells', () => {
  new CellRegistry(file, origin).add(result);
  const again = new CellRegistry(file, origin);
  expect(again.find(quick)).toMatchObject({ name: 'one', verdicts: { 'a/one': 'failed' } });
  expect(again.find(whole)).toBeUndefined();
  again.add({ ...result, suites: ['a'] });
  expect(new CellRegistry(file, origin).find(whole)).toBeDefined();
});

test('a cell whose claims were also judged alone is another one', () => {
  const registry = new CellRegistry(file, origin);
  registry.add({ ...result, suites: ['a'], alone: { 'a/two': 'failed', 'a/one': 'passed' } });
  expect(registry.find(whole)).toBeUndefined();
  expect(registry.find({ ...whole, alone: ['a/one', 'a/two'] })).toBeDefined();
  expect(registry.find({ ...whole, alone: ['a/one'] })).toBeUndefined();
});

test('ignores cells of other suites', () => {
  new CellRegistry(file, origin).add(result);
  expect(new CellRegistry(file, { ...origin, suiteHash: 'other' }).find(quick)).toBeUndefined();
  expect(new CellRegistry(file, { ...origin, commit: 'other' }).find(quick)).toBeDefined();
});

test('does not find a cell with a wrong result', () => {
  const registry = new CellRegistry(file, origin);
  registry.add({ ...result, wrong: ['a/one passed'] });
  expect(registry.find(quick)).toBeUndefined();
});

test('reads past a line that was not finished', () => {
  new CellRegistry(file, origin).add(result);
  appendFileSync(file, '{"name": "tw');
  expect(new CellRegistry(file, origin).find(quick)).toBeDefined();
});

test.each(['{"name": "tw', 'null', '[1]', '{"name": 3}', ''])('reads past a damaged line: %j', (line) => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${line}\n`);
  new CellRegistry(file, origin).add(result);
  expect(new CellRegistry(file, origin).find(quick)).toBeDefined();
});
