import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import stringWidth from 'string-width';
import type { Verdict } from '../evidence/index.ts';
import { writeAllureResults } from './allure.ts';
import { openConsole } from './console.ts';
import { junitXml } from './junit.ts';
import { summaryMarkdown } from './markdown.ts';
import { claim, type History, history, route } from './testing/history.ts';
import { fakeScreen } from './testing/screen.ts';
import { validJunit } from './testing/valid-junit.ts';
import { timelineText } from './timeline.ts';
import { summaryJson } from './write.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'formats-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface AllureResult {
  name: string;
  status: string;
  start: number;
  stop: number;
  statusDetails: { message?: string };
}

/** Everything that a run leaves for people and programs, from the same evidence. */
function formats(h: History, { columns, tty = false }: { columns?: number; tty?: boolean } = {}) {
  const screen = fakeScreen(columns ?? 80);
  const live = history();
  const display = openConsole({ stream: screen, tty, color: false, verbose: true, events: live });
  for (const record of h.records) if (record.kind !== 'left-out') live.add(record);
  display.finish(h.records, ['reports/r1/summary.md']);
  writeAllureResults(folder, h.records);
  const results = join(folder, 'allure-results');
  const allureFiles = readdirSync(results).map((name) => readFileSync(join(results, name), 'utf8'));
  const allure = readdirSync(results)
    .filter((name) => name.endsWith('-result.json'))
    .map((name) => JSON.parse(readFileSync(join(results, name), 'utf8')) as AllureResult);
  return {
    console: screen.shown().join('\n'),
    markdown: summaryMarkdown(h.records),
    junit: junitXml(h.records),
    json: summaryJson(h.records),
    timeline: timelineText(h.records),
    allure,
    allureText: [...allureFiles, readFileSync(join(folder, 'allurerc.json'), 'utf8')].join('\n'),
  };
}

/** A run with these verdicts, by claim. */
function runOf(verdicts: Verdict[]): History {
  const h = history()
    .run()
    .plan(verdicts.map((_, i) => claim(`s${i % 2}/${i}`)));
  verdicts.forEach((verdict, i) => {
    if (verdict === 'passed' || verdict === 'failed' || verdict === 'inconclusive')
      h.attempt(`s${i % 2}/${i}`, verdict);
    h.verdict(`s${i % 2}/${i}`, verdict, { reason: `why ${verdict}` });
  });
  return h.end();
}

describe('all formats count the same', () => {
  const all: Verdict[] = ['passed', 'failed', 'inconclusive', 'flaky', 'unsupported', 'not-run'];
  it.each([
    ['each verdict', all],
    ['several of each', [...all, ...all, 'passed', 'unsupported'] as Verdict[]],
    ['nothing but unsupported', ['unsupported', 'unsupported'] as Verdict[]],
    ['nothing but failures', ['failed', 'failed', 'failed'] as Verdict[]],
  ])('%s', (_, verdicts) => {
    const { console, markdown, junit, json, allure } = formats(runOf(verdicts));
    const counted = JSON.parse(json) as { verdicts: Record<Verdict, number>; claims: unknown[]; exitStatus: number };
    const n = (...names: Verdict[]) => verdicts.filter((verdict) => names.includes(verdict)).length;
    expect(counted.verdicts).toEqual(Object.fromEntries(all.map((name) => [name, n(name)])));
    expect(counted.claims).toHaveLength(verdicts.length);

    const rows = markdown
      .split('\n')
      .filter((line) => /^\| (passed|failed|inconclusive|flaky|unsupported|not-run) \|/.test(line));
    for (const name of all) {
      expect(rows.filter((row) => row.startsWith(`| ${name} |`))).toHaveLength(n(name));
      if (n(name) === 0) continue;
      expect(markdown).toContain(`**${n(name)}** ${name}`);
      expect(console).toMatch(new RegExp(`^\\d+ claims?: .*\\b${n(name)} ${name}\\b`, 'm'));
    }
    expect(markdown).toContain(`(exit status ${counted.exitStatus})`);
    expect(console).toContain(`(exit status ${counted.exitStatus})`);

    const xml = validJunit(junit);
    const claims = '//testcase[not(@classname="meshproof.run")]';
    expect(xml.count(claims)).toBe(verdicts.length);
    expect(xml.count(`${claims}/failure`)).toBe(n('failed', 'flaky'));
    expect(xml.count(`${claims}/error`)).toBe(n('inconclusive'));
    expect(xml.count(`${claims}/skipped`)).toBe(n('unsupported', 'not-run'));
    for (const [attribute, element] of [
      ['tests', 'testcase'],
      ['failures', 'failure'],
      ['errors', 'error'],
    ]) {
      expect(Number(xml.text(`/testsuites/@${attribute}`))).toBe(xml.count(`//${element}`));
    }

    const statuses = (status: string) => allure.filter((result) => result.status === status).length;
    expect({ passed: statuses('passed'), failed: statuses('failed'), inconclusive: statuses('broken') }).toEqual({
      passed: n('passed'),
      failed: n('failed', 'flaky'),
      inconclusive: n('inconclusive'),
    });
    expect(statuses('skipped')).toBe(n('unsupported', 'not-run'));
  });
});

/** Characters that steer a terminal, hide, or turn a line round; markup of each format; long and broken text. */
const hidden = '\u202e\u2066\u200f\u061c\u200b\ufeff\x1b[2J\x07\r\x9b\x00\ud800\u2028\u{e0041}';
const markup = ']]>`|<script>alert(1)</script> ](http://x) *b* &amp; [[ATTACHMENT|/etc/passwd]] ::error::';
const hostile = `${hidden}${markup}\nnew line ${'x'.repeat(2_000)}`;

function hostileRun(): History {
  const odd = claim(`s/odd${hidden}|`, { title: hostile, spec: hostile, level: 'extended' });
  const h = history();
  const choice = { provider: hostile, mesh: hostile, sandbox: false, verified: false, why: hostile };
  h.add({
    kind: 'run',
    runId: hostile,
    version: hostile,
    node: '',
    startedAt: hostile,
    argv: [hostile],
    seed: hostile,
    choice,
  });
  const mesh = { name: hostile, project: hostile, declaredVersion: hostile, observedVersion: hostile };
  h.plan([odd, claim('s/none', { skip: { verdict: 'unsupported', reason: hostile } })], {
    provider: hostile,
    kubernetes: hostile,
    mesh: { ...mesh, driver: hostile, verified: false, supports: [hostile] },
  });
  h.phase('suite', hostile, 10, (run) => {
    run.phase('mesh', hostile, 5);
    run.change(hostile, { claim: odd.id, error: hostile, mode: { name: hostile, value: true } });
    run.observe({
      claim: odd.id,
      expectation: 1,
      pod: hostile,
      command: hostile,
      stdout: hostile,
      stderr: hostile,
      signature: hostile,
      doubt: hostile,
      route: hostile,
    });
    run.expectation(odd.id, {
      statement: hostile,
      why: hostile,
      result: 'unmet',
      routes: [route({ route: hostile, expected: 'refused', change: 1 })],
    });
    run.attempt(odd.id, 'failed', { reason: hostile, diagnostics: hostile });
    run.attempt(odd.id, 'failed', { attempt: 2, reason: hostile, undiagnosed: hostile });
    run.verdict(odd.id, 'failed', { reason: hostile, attempt: 2, diagnostics: hostile, undiagnosed: hostile });
  });
  h.add({ kind: 'environment-fault', cause: hostile, from: 0 });
  h.add({ kind: 'crash', pod: hostile, container: hostile, reason: hostile, restarts: 1, excused: false });
  h.add({ kind: 'note', what: hostile, value: hostile, claim: odd.id });
  return h.end({ fault: { whose: 'environment', message: hostile } });
}

describe('text from outside', () => {
  const steering = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

  it('shows every hidden character in every format, and steers nothing', () => {
    const { console, markdown, junit, json, timeline, allureText } = formats(hostileRun());
    for (const text of [console, markdown, junit, json, timeline, allureText]) {
      expect([...new Set(text.match(steering) ?? [])].filter((character) => character !== '\n')).toEqual([]);
      expect(text).toContain('u202e');
    }
  });

  it('is valid XML and JSON, and small enough to be read', () => {
    const { junit, json } = formats(hostileRun());
    // Jenkins and GitLab read attachments and properties there.
    expect(validJunit(junit).text('//system-out')).not.toMatch(/\[\[(?!PROPERTY\|)/);
    JSON.parse(json);
    const messages = [...junit.matchAll(/message="([^"]*)"/g)].map(([, text = '']) => text.length);
    expect(Math.max(...messages)).toBeLessThan(2_500);
  });

  it('can put no element, link, cell or heading into the Markdown', () => {
    const prose = formats(hostileRun()).markdown.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, '');
    expect(prose).not.toMatch(/(?<!\\)<script/);
    expect(prose).not.toMatch(/(?<!\\)\]\(/);
    expect(prose).not.toMatch(/https?:\/\//);
    for (const row of prose.split('\n').filter((line) => line.startsWith('| '))) {
      expect([9, 4, 3]).toContain(row.split(/(?<!\\)\|/).length - 2);
    }
  });
});

describe('a claim that was tried several times', () => {
  const twice = (first: 'passed' | 'failed', second: 'passed' | 'failed', verdict: Verdict, run: number) => {
    const h = history()
      .run()
      .plan([claim('s/a')])
      .after(2000);
    h.attempt('s/a', first, { reason: 'why the first' }).after(3000);
    h.attempt('s/a', second, { run, attempt: run === 1 ? 2 : 1, reason: 'why the second' });
    return h.verdict('s/a', verdict, { attempt: run === 1 ? 2 : 1, reason: 'in all' }).end();
  };

  it('shows each attempt in every format: --retries', () => {
    const { console, markdown, junit, json, allure } = formats(twice('failed', 'passed', 'flaky', 1));
    for (const text of [console, markdown, junit])
      expect(text).toContain('attempt 1: failed after 1.0 s: why the first');
    expect(markdown).toContain('2 attempts: 1 failed, 1 passed');
    expect(validJunit(junit).count('//failure[@type="flaky"]')).toBe(1);
    expect(validJunit(junit).count('//rerunFailure')).toBe(0);
    expect(JSON.parse(json)).toMatchObject({
      claims: [
        {
          attempts: [
            { attempt: 1, verdict: 'failed', reason: 'why the first' },
            { attempt: 2, verdict: 'passed' },
          ],
        },
      ],
    });
    expect(allure.map(({ status }) => status).sort()).toEqual(['failed', 'failed']);
  });

  it('shows each run in every format, and the worst counts: --repeat', () => {
    const { console, markdown, junit } = formats(twice('failed', 'passed', 'failed', 2));
    for (const text of [console, markdown, junit]) {
      expect(text).toContain('run 1: failed after 1.0 s: why the first');
      expect(text).toContain('run 2: passed after 1.0 s');
    }
    expect(console).toContain('2 runs: 1 failed, 1 passed');
  });

  it('has a rerun for every other failure in JUnit', () => {
    const xml = validJunit(formats(twice('failed', 'failed', 'failed', 1)).junit);
    expect([xml.count('//failure'), xml.count('//rerunFailure[@type="failed"]')]).toEqual([1, 1]);
  });

  it('has its own times in Allure, from the evidence', () => {
    const { allure } = formats(twice('failed', 'passed', 'flaky', 1));
    const begun = Date.parse('2026-11-21T07:00:00.000Z');
    expect(allure.map(({ start, stop }) => [start - begun, stop - begun]).sort()).toEqual([
      [1000, 2000],
      [4000, 5000],
    ]);
  });
});

describe('what a run is not', () => {
  const chosen = (over: object) => {
    const choice = { provider: 'existing', mesh: 'osm', sandbox: false, why: 'named', ...over };
    const run = {
      runId: 'r',
      version: '0',
      node: '',
      startedAt: '2026-11-21T07:00:00.000Z',
      argv: [],
      seed: '1',
      choice,
    };
    return history().add({ kind: 'run', ...run });
  };

  it.each([
    [
      'a sandbox that was taken as an existing cluster',
      () => chosen({}).plan([claim('s/a')], { provider: 'existing', sandbox: true }),
      'taken as provider existing. It says nothing about a real mesh',
    ],
    [
      'a mesh with a deliberate fault',
      () => chosen({ sandboxFault: 'ports-ignored' }).plan([claim('s/a')]),
      'The sandbox has the fault ports-ignored (--sandbox-fault)',
    ],
    [
      'no mesh at all',
      () => chosen({ mesh: 'none' }).plan([claim('s/a')], { mesh: { ...noMesh, supports: [] } }),
      'Nothing was installed',
    ],
  ])('%s is named by every format', (_, begun, words) => {
    const h = begun().attempt('s/a', 'passed').verdict('s/a', 'passed').end();
    const { console, markdown, junit, json, allureText } = formats(h);
    for (const text of [console, markdown.replaceAll('\\', ''), junit, json, allureText]) expect(text).toContain(words);
    expect(markdown).not.toContain('reference mesh');
  });

  const noMesh = {
    name: 'none',
    project: 'no mesh',
    declaredVersion: 'none',
    observedVersion: 'none',
    driver: 'meshes/none.yaml',
    verified: true,
  };
});

describe('a change that never acted', () => {
  it('is told as such, and every wrong answer counts', () => {
    const h = history()
      .run()
      .plan([claim('s/a')]);
    h.change('switch permissive off', { mode: { name: 'permissive', value: false } }).after(1500);
    const routes = [route({ expected: 'refused', change: 1, neverActed: true, leaked: 7, probes: 7 })];
    h.expectation('s/a', { result: 'unmet', routes }).attempt('s/a', 'failed').verdict('s/a', 'failed').end();
    const { console, markdown, junit, json } = formats(h);
    expect(markdown).toContain('| failed | `s/a` | what s/a promises | core | 1.0 s | never |  | 7 | 0 |');
    expect(markdown).toContain('| permissive off | 1 | never 1 of 1 |');
    expect(console).toMatch(/✗ s\/a +1\.0 s +never/);
    expect(junit).toContain('[[PROPERTY|time to act=never]]');
    expect(JSON.parse(json)).toMatchObject({ claims: [{ neverActed: true, leaked: 7 }], leaked: 7 });
  });
});

describe('a terminal', () => {
  it.each([40, 60, 80])(
    'of %i columns has no line that is wider, whatever it shows',
    (columns) => {
      const plain = runOf(['passed', 'failed', 'flaky', 'inconclusive', 'unsupported']);
      plain.add({ kind: 'environment-fault', cause: `漢字 ${'and so on '.repeat(20)}`, from: 0 });
      for (const h of [plain, hostileRun()]) {
        const lines = formats(h, { columns, tty: true }).console.split('\n');
        expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
      }
    },
    60_000,
  );

  it('folds nothing elsewhere: each item is one line', () => {
    const h = history()
      .run()
      .plan([claim('s/a')])
      .attempt('s/a', 'failed', { reason: 'word '.repeat(60) });
    h.verdict('s/a', 'failed', { reason: 'word '.repeat(60) }).end();
    expect(formats(h).console).toContain(`    reason     ${'word '.repeat(60).trim()}`);
  });
});
