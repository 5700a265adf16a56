import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readForReports } from '../evidence/index.ts';
import { junitXml } from './junit.ts';
import { summaryMarkdown } from './markdown.ts';
import { claim, type History, history, route } from './testing/history.ts';
import { validJunit } from './testing/valid-junit.ts';
import { timelineText } from './timeline.ts';
import { summaryJson, writeReports } from './write.ts';

function mixed(): History {
  const h = history()
    .run()
    .plan([
      claim('s/passes', { title: 'a | b <script> & "c"' }),
      claim('s/fails'),
      claim('s/breaks'),
      claim('s/flaky'),
      claim('t/unsupported'),
      claim('t/not-run'),
    ]);
  h.phase('suite', 's', 1000, (run) => {
    run.change('switch permissive off', { mode: { name: 'permissive', value: false }, claim: 's/fails' });
    run.verdict('s/passes', 'passed', { ms: 2500 });
    run.observe({ claim: 's/fails', expectation: 1, stdout: 'a\0b\x1b[2J\ud800]]>```', stderr: '\uFFFF<&>' });
    run.expectation('s/fails', {
      result: 'unmet',
      routes: [route({ expected: 'refused', change: 1, actedMs: 2210, settledMs: 2400, leaked: 4 })],
    });
    run.verdict('s/fails', 'failed', { reason: 'answered "200" & <so on>\nsecond line\x07' });
    run.verdict('s/breaks', 'inconclusive', { reason: 'the unmeshed control is silent' });
    run.verdict('s/flaky', 'flaky', { attempt: 2 });
  });
  h.verdict('t/unsupported', 'unsupported', { reason: 'no TCPRoute' }).verdict('t/not-run', 'not-run');
  h.add({ kind: 'note', what: 'connections kept after a denial', value: '3 of 3', claim: 's/fails' });
  h.add({ kind: 'environment-fault', cause: 'node paused', from: 10, to: 20 });
  h.add({ kind: 'crash', pod: 'osm/ctl-1', container: 'ctl', reason: 'OOMKilled', restarts: 2, excused: false });
  return h.end();
}

describe('junitXml', () => {
  it('is valid, whatever the pods printed', () => {
    validJunit(junitXml(mixed().records));
  });

  it('maps each verdict', () => {
    const xml = junitXml(mixed().records);
    expect(xml).toContain('<testsuites name="meshproof" tests="7" failures="2" errors="2" time=');
    expect(xml).toContain('<failure type="failed" message="answered &quot;200&quot; &amp; &lt;so on&gt;">');
    expect(xml).toContain('<failure type="flaky" message="flaky">');
    expect(xml).toContain('<error type="inconclusive" message="the unmeshed control is silent">');
    expect(xml).toContain(
      '<skipped type="unsupported" message="unsupported: no TCPRoute">unsupported: no TCPRoute</skipped>',
    );
    expect(xml).toContain('<skipped type="not-run" message="not-run: not-run">');
    expect(xml).toContain('classname="meshproof.s" time="2.500"');
    expect(xml).toContain('[[PROPERTY|time to act=2.21 s]]');
    expect(xml).toContain('[[PROPERTY|leaked=4]]');
    expect(xml).toContain('<property name="sandbox" value="false"/>');
  });

  it.each([
    [
      'interrupted',
      history()
        .run()
        .plan([claim('s/a')])
        .end({ interrupted: true }),
      'the run was interrupted',
    ],
    [
      'at fault',
      history()
        .run()
        .end({ fault: { whose: 'environment', message: 'no docker' } }),
      'no docker',
    ],
    ['without claims', history().run().plan([]).end(), 'no claim ran'],
    [
      'cut off',
      history()
        .run()
        .plan([claim('s/a')])
        .verdict('s/a', 'passed'),
      'the evidence has no end',
    ],
    [
      'all unsupported',
      history()
        .run()
        .plan([claim('s/a')])
        .verdict('s/a', 'unsupported')
        .end(),
      'no core claim of the suite s passed',
    ],
    ['empty', history(), 'the evidence is empty'],
  ])('is red for a run that is %s', (_, h, words) => {
    const xml = junitXml(h.records);
    validJunit(xml);
    expect(xml).toMatch(new RegExp(`<error type="\\w+" message="${words}`));
    expect(xml).toContain('errors="1"');
  });

  it('has no suite for the run when all is well', () => {
    const xml = junitXml(
      history()
        .run()
        .plan([claim('s/a')])
        .verdict('s/a', 'passed')
        .end().records,
    );
    expect(xml).not.toContain('<error');
    expect(xml).not.toContain('meshproof.run');
  });

  it('says that it was a sandbox', () => {
    expect(
      junitXml(
        history()
          .run()
          .plan([claim('s/a')], { sandbox: true })
          .end().records,
      ),
    ).toContain('<property name="sandbox" value="true: this run says nothing about a real mesh"/>');
  });
});

describe('summaryMarkdown', () => {
  const text = summaryMarkdown(mixed().records);

  it('counts the verdicts and has a row for every claim', () => {
    expect(text).toContain(
      '**1** passed, **1** failed, **1** inconclusive, **1** flaky, **1** unsupported, **1** not-run',
    );
    expect(text).toContain('(exit status 1)');
    expect(text).toContain(
      '| failed | `s/fails` | what s/fails promises | core | 1.0 s | 2.21 s | not in time | 4 | 0 |',
    );
    expect(text).toContain('unsupported: no TCPRoute');
  });

  it('lets no sentence break the table', () => {
    expect(text).toContain('a \\| b \\<script\\> & "c"');
  });

  it('explains failures in a fence that their output cannot close', () => {
    expect(text).toContain('## What is wrong\n\n### failed: s/fails');
    expect(text).toContain('````text\n');
    expect(text).toContain('a\\0b\\e[2J\\ud800]]>```');
  });

  it('tells modes, notes, environment faults, crashes and times', () => {
    expect(text).toContain('| permissive off | 1 | 2.21 s, 2.21 s, 2.21 s | not in time 1 of 1 |');
    expect(text).toContain('connections kept after a denial');
    expect(text).toContain('- environment: node paused');
    expect(text).toContain('- crash: ctl in osm/ctl-1, OOMKilled, 2 restarts');
    expect(text).toContain('| 2 suites | 1.0 s |');
  });

  it('says that it was a sandbox, and only then', () => {
    const sandbox = summaryMarkdown(history().run().plan([], { sandbox: true }).end().records);
    expect(sandbox).toContain('**Sandbox.**');
    expect(text).not.toContain('Sandbox');
  });

  it('stands for an empty history too', () => {
    expect(summaryMarkdown([])).toContain('no claims (exit status 3)');
  });
});

it('timelineText puts what happened in order, each at its own time', () => {
  const h = history().run().after(5000);
  h.change('switch egress off', { claim: 'e/off', start: 1000, end: 1040 });
  h.expectation('e/off', { start: 1100, end: 4000, routes: [route({ actedMs: 2210, leaked: 2 })] });
  h.add({ kind: 'environment-fault', cause: 'DNS is down', from: 1500, to: 2500 }).verdict('e/off', 'passed').end();
  expect(timelineText(h.records)).toBe(
    [
      '    0.000 s  run          r1, 2026-11-21T07:00:00.000Z',
      '    1.000 s  change       #1 switch egress off, acknowledged after 0.04 s [e/off]',
      '    1.100 s  expecting    curl in curl/curl is answered by httpbin.httpbin:14001 [e/off]',
      '    1.500 s  environment-fault  DNS is down',
      '    2.500 s  environment-fault  over: DNS is down',
      '    4.000 s  met          curl in curl/curl is answered by httpbin.httpbin:14001, acted after 2.21 s, 2 leaked or lost [e/off]',
      '    5.000 s  verdict      e/off passed',
      '    5.000 s  end          in order',
      '',
    ].join('\n'),
  );
});

it('the reports say the same of evidence whose observations were left out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reports-'));
  try {
    const { records } = mixed()
      .observe({ claim: 's/passes', nonce: 'mpr1aaaax1' })
      .observe({ claim: 's/passes', nonce: 'mpr1aaaax2-10', role: 'subject', logged: false })
      .observe({ claim: 's/fails', nonce: 'mpr1aaaax1', shared: true })
      .end();
    const file = join(folder, 'evidence.jsonl');
    writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const short = readForReports(file);
    expect(records.length).toBeGreaterThan(short.length);
    for (const report of [summaryJson, summaryMarkdown, junitXml]) expect(report(short)).toBe(report(records));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('writeReports computes the reports from the evidence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reports-'));
  try {
    const { records } = mixed();
    expect(writeReports(folder, records)).toEqual([join(folder, 'summary.md'), join(folder, 'junit.xml')]);
    expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toBe(junitXml(records));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
