import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { allureStatus, writeAllureResults } from './allure.ts';
import { claim, type History, history } from './testing/history.ts';

let folder: string;
let results: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'allure-'));
  results = join(folder, 'allure-results');
  mkdirSync(results);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What allure-jest writes for a test. */
function given(file: string, name: string, status: string, stop = 1): void {
  const labels = [
    { name: 'framework', value: 'jest' },
    { name: 'parentSuite', value: 'a describe' },
  ];
  const result = { uuid: file, name, status, statusDetails: { message: 'jest says' }, labels, start: 0, stop };
  writeFileSync(join(results, `${file}-result.json`), JSON.stringify(result));
}

/** The results by the claims' ids. */
function written(): Record<string, unknown> {
  const files = readdirSync(results).filter((name) => name.endsWith('-result.json'));
  const all = files.map((name) => JSON.parse(readFileSync(join(results, name), 'utf8')) as { fullName: string });
  expect(new Set(all.map(({ fullName }) => fullName)).size).toBe(all.length);
  return Object.fromEntries(all.map((result) => [result.fullName, result]));
}

function over(inside: (h: History) => void): History {
  const h = history()
    .run()
    .plan([claim('s/a', { title: 'a is allowed', spec: 'guide, 2' }), claim('s/b')]);
  inside(h);
  return h.end();
}

describe('allureStatus', () => {
  it.each([
    ['passed', 'passed'],
    ['failed', 'failed'],
    ['inconclusive', 'broken'],
    ['flaky', 'failed'],
    ['unsupported', 'skipped'],
    ['not-run', 'skipped'],
  ] as const)('%s is %s', (verdict, status) => expect(allureStatus[verdict]).toBe(status));
});

describe('writeAllureResults', () => {
  it('puts the evidence’s verdict in the place of jest’s opinion, with suite, story and source', () => {
    given('1', '[s/a] a is allowed', 'passed');
    given('2', '[s/b] b', 'failed');
    writeAllureResults(
      folder,
      over((h) => h.verdict('s/a', 'inconclusive', { reason: 'no unmeshed control' }).verdict('s/b', 'passed')).records,
    );

    expect(written()).toEqual({ 's/a': expect.anything(), 's/b': expect.anything() });
    expect(written()['s/a']).toMatchObject({
      name: '[s/a] a is allowed',
      historyId: 's/a',
      status: 'broken',
      statusDetails: {
        message: 'inconclusive: no unmeshed control',
        trace: expect.stringContaining('no unmeshed control'),
      },
      description: 'a is allowed\n\nSource: guide, 2',
      labels: expect.arrayContaining([
        { name: 'framework', value: 'jest' },
        { name: 'suite', value: 's' },
        { name: 'story', value: 'a is allowed' },
      ]),
    });
    expect(JSON.stringify(written())).not.toContain('parentSuite');
    expect(written()['s/b']).toMatchObject({ status: 'passed', statusDetails: {} });
    expect(JSON.stringify(written())).not.toContain('jest says');
  });

  it('gives a result to a claim that jest never came to, once', () => {
    const { records } = over((h) => h.verdict('s/a', 'unsupported', { reason: 'no TCPRoute' }));
    writeAllureResults(folder, records);
    writeAllureResults(folder, records);
    expect(written()).toEqual({
      's/a': expect.objectContaining({ name: '[s/a] a is allowed', status: 'skipped' }),
      's/b': expect.objectContaining({ name: '[s/b] what s/b promises', status: 'broken' }),
    });
  });

  it('keeps none of jest’s results: those of several runs of a claim, and those that cannot be read', () => {
    given('new', '[s/a] a', 'failed', 20);
    given('old', '[s/a] a', 'failed', 10);
    writeFileSync(join(results, '2-result.json'), '{');
    writeAllureResults(folder, over((h) => h.verdict('s/a', 'flaky', { attempt: 2 }).verdict('s/b', 'passed')).records);
    expect(written()).toEqual({
      's/a': expect.objectContaining({ status: 'failed', statusDetails: expect.objectContaining({ flaky: true }) }),
      's/b': expect.objectContaining({ status: 'passed' }),
    });
  });

  it('says what was tested, and that it was a sandbox', () => {
    const h = history()
      .run()
      .plan([claim('s/a')], { sandbox: true, provider: 'sandbox' })
      .end();
    writeAllureResults(folder, h.records);
    const properties = readFileSync(join(results, 'environment.properties'), 'utf8');
    expect(properties).toContain('mesh = osm\n');
    expect(properties).toContain('mesh.version = v1.2.4\n');
    expect(properties).toContain('provider = sandbox\n');
    expect(properties).toContain('sandbox = true');
    expect(JSON.parse(readFileSync(join(results, 'categories.json'), 'utf8'))).toHaveLength(5);
  });
});
