import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Console, openConsole } from './console.ts';
import { claim, type History, history, route } from './testing/history.ts';
import { type FakeScreen, fakeScreen } from './testing/screen.ts';

const claims = [
  claim('s/first', { title: 'the first promise' }),
  claim('s/second', { title: `the second promise, which ${'goes on and '.repeat(12)}ends` }),
];

let screen: FakeScreen;
let h: History;
beforeEach(() => {
  jest.useFakeTimers();
  screen = fakeScreen(80);
  h = history();
});
afterEach(() => {
  jest.useRealTimers();
});

function open(over: { tty?: boolean; color?: boolean; verbose?: boolean } = {}): Console {
  return openConsole({ stream: screen, tty: false, color: false, verbose: false, events: h, ...over });
}

/** Lets time pass for the run's clock and the timers alike. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 250) {
    h.after(Math.min(250, left));
    jest.advanceTimersByTime(Math.min(250, left));
  }
}

function wholeRun(): void {
  h.run().phase('mesh', 'osm v1.2.4', 33_900).plan(claims);
  h.phase('suite', 's', 9000, (run) => {
    run.change('switch permissive off', { claim: 's/first' });
    run.expectation('s/first', { routes: [route({ change: 1, actedMs: 2210, settledMs: 2600, leaked: 3 })] });
    run.verdict('s/first', 'passed', { ms: 4400 });
    run.verdict('s/second', 'failed', { reason: 'it leaks\nand more', diagnostics: 'cluster/s-second' });
  });
  h.phase('cleanup', 'cluster deleted', 3000).end();
}

describe('plain lines', () => {
  it('tell which provider and mesh and why, each phase, each claim, then failures, counts, times and reports', () => {
    const display = open();
    wholeRun();
    display.finish(h.records, ['reports/r1/summary.md', 'reports/r1/junit.xml']);

    const lines = screen.shown();
    expect(lines[0]).toBe('meshproof 0.1.0  osm on kind (docker, kind and osm are here)');
    expect(lines).toContain('  mesh         osm v1.2.4                                    33.9 s');
    expect(lines).toContain('claim                   time  to act');
    expect(lines).toContain('  ✓ s/first            4.4 s   2.2 s  the first promise');
    expect(lines).toContain('      3 leaked until it settled after 2.6 s');
    expect(lines).toContain(`  ✗ s/second           1.0 s          ${claims[1]?.title}`);
    expect(lines).toContain('      failed: it leaks');
    expect(lines).toContain('✗ s/second  failed');
    expect(lines).toContain('    see        cluster/s-second');
    expect(lines).toContain('2 claims: 1 passed, 1 failed');
    expect(lines).toContain('  1 suite          9.0 s  changes acting 2.2 s, samples 0.0 s, the rest 6.8 s');
    expect(lines).toContain('  in all          45.9 s');
    expect(lines).toContain('  reports      reports/r1/summary.md');
    expect(lines.slice(-2)).toEqual(['the mesh does not keep its promises (exit status 1)', '']);
  });

  it('hold no escape sequence', () => {
    const display = open();
    wholeRun();
    h.add({ kind: 'environment-fault', cause: 'a pod printed \x1b[2J', from: 0 });
    pass(40_000);
    display.say('from a command: \x1b]0;title\x07');
    display.finish(h.records, []);
    expect(screen.raw()).not.toContain('\x1b');
    expect(screen.raw()).toContain('a pod printed \\e[2J');
  });

  it('hear every half minute what is going on, so that no pipeline thinks the run dead', () => {
    open();
    h.add({ kind: 'phase', phase: 'mesh', what: 'osm', event: 'begin' });
    pass(29_000);
    expect(screen.raw()).toBe('');
    pass(2000);
    expect(screen.shown()[0]).toMatch(/^ +30 s {2}mesh {2}osm$/);
    pass(20_000);
    expect(screen.shown()).toHaveLength(2);
    pass(11_000);
    expect(screen.shown()).toHaveLength(3);
  });

  it('are the same for a run that was interrupted, with the rest not run', () => {
    const display = open();
    h.run().plan(claims).verdict('s/first', 'passed').end({ interrupted: true });
    display.finish(h.records, []);
    expect(screen.shown()).toContain('2 claims: 1 passed, 1 not-run');
    expect(screen.shown()).toContain('the run was interrupted');
    expect(screen.raw()).toContain('interrupted (exit status 130)');
  });

  it('name a fault with its remedy', () => {
    const display = open();
    h.run().end({ fault: { whose: 'environment', message: 'docker does not answer\nstart it' } });
    display.finish(h.records, []);
    expect(screen.shown()).toEqual(expect.arrayContaining(['docker does not answer', '  start it']));
    expect(screen.raw()).toContain('(exit status 3)');
  });
});

describe('a sandbox', () => {
  it('is named in the first line and at the end', () => {
    const display = open();
    const choice = { provider: 'sandbox', mesh: 'reference', sandbox: true, why: 'docker is missing' };
    h.add({ kind: 'run', runId: 'r', version: '0.1.0', node: '', startedAt: '', argv: [], seed: '1', choice });
    h.plan(claims, { sandbox: true, provider: 'sandbox' })
      .verdict('s/first', 'passed')
      .verdict('s/second', 'passed')
      .end();
    display.finish(h.records, []);
    expect(screen.shown()[0]).toBe(
      'meshproof 0.1.0  reference in the SANDBOX, which says nothing about a real mesh (docker is missing)',
    );
    expect(screen.shown()).toContain(
      'Sandbox: This run was in the built-in sandbox. It says nothing about a real mesh.',
    );
  });

  it.each([
    [undefined, 'reference with the fault f, in the SANDBOX, which says nothing about a real mesh (named)'],
    [
      false,
      'reference with the fault f, by an UNVERIFIED driver, in the SANDBOX, which says nothing about a real mesh',
    ],
  ])('with a fault is named so (verified: %s)', (verified, words) => {
    const display = open();
    const choice = { provider: 'sandbox', mesh: 'reference', sandbox: true, sandboxFault: 'f', why: 'named' };
    const run = { runId: 'r', version: '0.1.0', node: '', startedAt: '', argv: [], seed: '1' };
    h.add({ kind: 'run', ...run, choice: verified === undefined ? choice : { ...choice, verified } }).end();
    display.finish(h.records, []);
    expect(screen.raw()).toContain(words);
  });
});

describe('an amended verdict', () => {
  it('is printed again with what it was before', () => {
    open();
    h.run().plan(claims).verdict('s/first', 'passed').verdict('s/first', 'passed');
    h.verdict('s/first', 'failed', { reason: 'the control plane crashed' });
    const marks = screen.shown().filter((line) => /^ {2}[✓✗]/.test(line));
    expect(marks.map((line) => line.slice(2, 3))).toEqual(['✓', '✗']);
    expect(screen.shown()).toContain('      failed after all, passed before');
  });
});

describe('verbose', () => {
  it('tells changes, expectations and notes, which are silent otherwise', () => {
    const words = ['change 1: switch permissive off', 'met: curl in curl/curl', 'half-close: lost'];
    for (const verbose of [false, true]) {
      screen = fakeScreen(80);
      h = history();
      open({ verbose });
      h.run().plan(claims).change('switch permissive off').expectation('s/first');
      h.add({ kind: 'note', what: 'half-close', value: 'lost' });
      for (const word of words) expect(screen.raw().includes(word)).toBe(verbose);
    }
  });

  it('is not needed to see a change fail', () => {
    open();
    h.change('switch permissive off', { error: 'forbidden' });
    expect(screen.shown().slice(0, 2)).toEqual(['      change 1: switch permissive off, 0.00 s', '        forbidden']);
  });
});

describe('a terminal', () => {
  it('has a live line with the present phase or claim and its seconds', () => {
    open({ tty: true });
    h.run().plan(claims);
    h.add({ kind: 'phase', phase: 'suite', what: 's', event: 'begin' });
    pass(3000);
    expect(screen.shown().at(-1)).toBe('    3 s  suite  s');
    h.change('switch permissive off', { claim: 's/first' });
    pass(2250);
    expect(screen.shown().at(-1)).toBe('    5 s  0 of 2 claims decided  at s/first: the first promise');
    h.verdict('s/first', 'passed');
    expect(screen.shown().at(-2)).toContain('✓ s/first');
    expect(screen.shown().at(-1)).toBe('    5 s  1 of 2 claims decided  at s/first: the first promise');
  });

  it('is never wider than it is, also after it was made narrower', () => {
    const display = open({ tty: true });
    h.run().plan(claims);
    h.add({ kind: 'phase', phase: 'suite', what: 's', event: 'begin' });
    h.change('c', { claim: 's/second' });
    pass(1000);
    const live = () => screen.shown().at(-1) ?? '';
    expect(live()).toHaveLength(79);
    expect(live().endsWith('…')).toBe(true);

    screen.columns = 40;
    pass(1000);
    expect(live()).toHaveLength(39);

    screen.columns = 80;
    h.verdict('s/second', 'passed');
    display.say('a line');
    expect(
      Math.max(
        ...screen
          .shown()
          .slice(3)
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80);
  });

  it('shows other text above the live line', () => {
    const display = open({ tty: true });
    h.add({ kind: 'phase', phase: 'mesh', what: 'osm', event: 'begin' });
    display.say('+ osm install\n');
    expect(screen.shown()).toEqual(['+ osm install', '    0 s  mesh  osm']);
  });

  it('is left clean by close and finish, and is silent afterwards', () => {
    const display = open({ tty: true });
    h.add({ kind: 'phase', phase: 'mesh', what: 'osm', event: 'begin' });
    display.close();
    expect(screen.shown().at(-1)).toBe('');
    const before = screen.raw();
    pass(5000);
    h.add({ kind: 'phase', phase: 'mesh', what: 'osm', event: 'end', ok: false });
    display.close();
    expect(screen.raw()).toBe(before);
    display.finish(h.end().records, []);
    expect(screen.shown().at(-1)).toBe('');
  });

  it('has colours only when asked for', () => {
    open({ tty: true });
    h.run().plan(claims).verdict('s/first', 'passed');
    expect(screen.raw()).not.toContain('\x1b[32m');
    h = history();
    open({ tty: true, color: true });
    h.run().plan(claims).verdict('s/first', 'passed');
    expect(screen.raw()).toContain('\x1b[32m✓\x1b[39m');
  });
});

it('goes on when its reader has gone', () => {
  open({ tty: true });
  h.run();
  screen.destroy(new Error('EPIPE'));
  h.plan(claims);
  expect(h.records).toHaveLength(2);
});
