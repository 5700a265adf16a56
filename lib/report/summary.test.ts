import { describe, expect, it } from '@jest/globals';
import { exitStatus, runProblems } from './exit.ts';
import { summarise } from './summary.ts';
import { claim, type History, history, route } from './testing/history.ts';
import { summaryJson } from './write.ts';

const a = claim('s/a');
const b = claim('s/b');

/** A run that is over, with verdicts as given. */
function ended(inside: (h: History) => void, claims = [a, b]): History {
  const h = history().run().plan(claims);
  inside(h);
  return h.end();
}

const statusOf = (h: History) => exitStatus(summarise(h.records));

describe('a verdict', () => {
  it('is the last one recorded', () => {
    const h = ended((run) => run.verdict('s/a', 'passed').verdict('s/b', 'passed').verdict('s/a', 'failed'));
    expect(summarise(h.records).verdicts).toMatchObject({ passed: 1, failed: 1 });
    expect(statusOf(h)).toBe(1);
  });

  it('is inconclusive when there is none although the run ended in order', () => {
    const h = ended((run) => run.verdict('s/a', 'passed'));
    expect(summarise(h.records).claims[1]).toMatchObject({
      verdict: 'inconclusive',
      reason: 'no verdict was recorded',
    });
    expect(statusOf(h)).toBe(3);
  });

  it('comes from the plan where the claim is skipped', () => {
    const skip = { verdict: 'unsupported' as const, reason: 'no TCPRoute' };
    const h = ended((run) => run.verdict('s/a', 'passed'), [a, { ...b, skip }]);
    expect(summarise(h.records).claims[1]).toMatchObject({ verdict: 'unsupported', reason: 'no TCPRoute' });
    expect(statusOf(h)).toBe(0);
  });

  it('is counted for a claim that no plan names', () => {
    const h = ended((run) => run.verdict('s/a', 'passed').verdict('lifecycle/stable', 'failed'), [a]);
    expect(summarise(h.records).suites.map(({ name }) => name)).toEqual(['s', 'lifecycle']);
    expect(statusOf(h)).toBe(1);
  });
});

describe('a feature that the driver declares', () => {
  const supports = ['permissive', 'tcp-policy', 'half-close'];
  const needing = (id: string, features: string[]) => ({ ...claim(id), features });
  const run = (inside: (h: History) => void) => {
    const claims = [needing('s/a', ['permissive']), needing('s/b', ['permissive', 'tcp-policy'])];
    const h = history().run().plan(claims, {}, supports);
    inside(h);
    return h.end();
  };

  it('is shown by a claim that ran, and named where no claim needs it', () => {
    const h = run((each) => each.verdict('s/a', 'passed').verdict('s/b', 'failed'));
    expect(summarise(h.records).declared).toEqual({ unshown: [], notChosen: ['half-close'] });
  });

  it('is a failure where claims need it and none of them ran', () => {
    const h = run((each) => each.verdict('s/a', 'passed').verdict('s/b', 'unsupported'));
    expect(statusOf(h)).toBe(3);
    expect(runProblems(summarise(h.records))).toEqual([
      'the driver declares the feature tcp-policy, but none of its claims ran',
    ]);
  });
});

describe('exitStatus', () => {
  const passed = (run: History) => run.verdict('s/a', 'passed').verdict('s/b', 'passed');

  it('is 0 when nothing is wrong and every suite has a core claim that passed', () => {
    expect(statusOf(ended(passed))).toBe(0);
  });

  it('is 3 when a suite passed nothing, everything being unsupported', () => {
    const h = ended(
      (run) => run.verdict('s/a', 'passed').verdict('t/a', 'unsupported').verdict('t/b', 'not-run'),
      [a, claim('t/a'), claim('t/b')],
    );
    expect(statusOf(h)).toBe(3);
    expect(runProblems(summarise(h.records))).toEqual([
      'no core claim of the suite t passed: the suite is inconclusive',
    ]);
  });

  it('is 3 when only extended claims of a suite passed', () => {
    expect(statusOf(ended((run) => run.verdict('s/a', 'passed'), [{ ...a, level: 'extended' }]))).toBe(3);
  });

  it('is 1 for flaky', () => {
    expect(statusOf(ended((run) => run.verdict('s/a', 'passed').verdict('s/b', 'flaky', { attempt: 2 })))).toBe(1);
  });

  it('prefers failed to inconclusive', () => {
    expect(statusOf(ended((run) => run.verdict('s/a', 'inconclusive').verdict('s/b', 'failed')))).toBe(1);
    expect(statusOf(ended((run) => run.verdict('s/a', 'inconclusive').verdict('s/b', 'passed')))).toBe(3);
  });

  it('is 130 for an interrupted run, whatever failed before; the rest was not run', () => {
    const h = history().run().plan([a, b]).verdict('s/a', 'failed').end({ interrupted: true });
    expect(statusOf(h)).toBe(130);
    expect(summarise(h.records).claims[1]).toMatchObject({ verdict: 'not-run' });
  });

  it.each([
    ['user', 2],
    ['mesh', 1],
    ['environment', 3],
    ['harness', 3],
  ] as const)('follows the fault of the %s: %i', (whose, status) => {
    const fault = { whose, message: 'it broke\nremedy: mend it' };
    const h = history().run().end({ fault });
    expect(statusOf(h)).toBe(status);
    expect(runProblems(summarise(h.records))).toEqual(['it broke']);
  });

  it.each([
    [{ whose: 'harness', message: 'm' }, 3],
    [{ whose: 'environment', message: 'm', unwritten: true }, 3],
    [{ whose: 'environment', message: 'm' }, 1],
  ] as const)('of a claim that failed before %j: %i', (fault, status) => {
    expect(statusOf(history().run().plan([a]).verdict('s/a', 'failed').end({ fault }))).toBe(status);
  });

  it('is 3 when records are missing even if a claim failed', () => {
    const { records } = ended((run) => run.verdict('s/a', 'failed').verdict('s/b', 'passed'));
    expect(exitStatus(summarise(records.filter(({ seq }) => seq !== 1)))).toBe(3);
  });

  it('is 2 for wrong use even if a claim failed', () => {
    expect(
      statusOf(
        history()
          .run()
          .plan([a])
          .verdict('s/a', 'failed')
          .end({ fault: { whose: 'user', message: 'm' } }),
      ),
    ).toBe(2);
  });

  it('is 3 when there are no claims, no end, or nothing at all', () => {
    expect(statusOf(ended(() => undefined, []))).toBe(3);
    expect(statusOf(passed(history().run().plan([a, b])))).toBe(3);
    expect(statusOf(history())).toBe(3);
  });

  it('is 3 when a rerun was not asked for all that the run before it left open', () => {
    const summary = summarise(ended(passed).records);
    const rerun = { of: 'r0', left: [] as string[], driverDiffers: false };
    expect(exitStatus({ ...summary, rerun })).toBe(0);
    const left = { ...summary, rerun: { ...rerun, left: ['t/c'] } };
    expect(exitStatus(left)).toBe(3);
    expect(runProblems(left)).toEqual(['run r0 left 1 claim undecided that this run was not asked for: t/c']);
  });

  it('is 3 when records are missing', () => {
    const { records } = ended(passed);
    const summary = summarise(records.filter(({ seq }) => seq !== 3));
    expect(summary.missing).toBe(1);
    expect(exitStatus({ ...summary, verdicts: { ...summary.verdicts, inconclusive: 0 } })).toBe(3);
  });
});

describe('times', () => {
  const h = history().run().plan([a, b]);
  h.phase('mesh', 'osm', 5000).phase('suite', 's', 20_000, (run) => {
    run.after(1000).change('switch permissive on', { mode: { name: 'permissive', value: true } });
    run.after(4000).expectation('s/a', {
      routes: [
        route({ change: 1, actedMs: 2000, settledMs: 2500, leaked: 3 }),
        route({ change: 1, actedMs: 1500, lost: 1 }),
      ],
      start: 6000,
      end: 10_500,
      sample: { start: 8500, end: 10_500, probes: 90, restarts: 0 },
    });
    // A stability check: sampled since 2 s, asked about at 9.5 s.
    run.expectation('s/a', {
      n: 2,
      start: 9500,
      end: 11_500,
      sample: { start: 2000, end: 11_500, probes: 90, restarts: 0 },
    });
    run.verdict('s/a', 'passed', { ms: 5500 });
    run.change('switch permissive off', { mode: { name: 'permissive', value: false } });
    run.change('allow curl', { error: 'denied' });
    run.change('switch permissive on', { mode: { name: 'permissive', value: true } });
    run.expectation('s/b', { routes: [route({ change: 4, actedMs: 3000 })] }).verdict('s/b', 'passed');
  });
  const summary = summarise(h.end().records);

  it('takes the slowest route as a change’s time to act, and sums up what leaked and was lost', () => {
    expect(summary.changes[0]).toMatchObject({ actedMs: 2000, settledMs: 2500, leaked: 3, lost: 1 });
    expect(summary.changes[1]?.actedMs).toBeUndefined();
    expect(summary.changes[2]).toMatchObject({ error: 'denied' });
    expect(summary).toMatchObject({ leaked: 3, lost: 1, modeChanges: 3 });
    expect(summary.claims[0]).toMatchObject({ actedMs: 2000, settledMs: 2500, leaked: 3, lost: 1, ms: 5500 });
  });

  it('gathers the switches of each mode', () => {
    expect(summary.modes).toEqual([
      {
        mode: 'permissive',
        value: true,
        switches: 2,
        neverActed: 0,
        neverSettled: 0,
        acted: { min: 2000, median: 2500, max: 3000 },
        settled: { min: 2500, median: 2500, max: 2500 },
      },
      { mode: 'permissive', value: false, switches: 1, neverActed: 0, neverSettled: 0 },
    ]);
  });

  it('counts time once in which two samples go on, and calls the rest overhead', () => {
    // acting 6..8 and 10..13 s, sampling 8.5..11.5 s, of the suite's 5..25 s
    expect(summary).toMatchObject({ suitesMs: 20_000, actingMs: 5000, samplingMs: 1500, overheadMs: 20_000 - 6500 });
  });

  it('lets a phase that never ended last until the last record', () => {
    const cut = history().run();
    cut.add({ kind: 'phase', phase: 'mesh', what: 'osm', event: 'begin' }).after(700).end({ interrupted: true });
    expect(summarise(cut.records).phases).toMatchObject([{ phase: 'mesh', ms: 700 }]);
    expect(summarise(cut.records).phases[0]).not.toHaveProperty('ok');
  });
});

it('counts the attempt that the verdict rests on for a claim, and every attempt for the run', () => {
  const h = ended(
    (run) =>
      run
        .expectation('s/a', { routes: [route({ leaked: 5 })] })
        .verdict('s/a', 'failed', { ms: 10 })
        .expectation('s/a', { routes: [route({ leaked: 1 })] })
        .verdict('s/a', 'passed', { attempt: 2, ms: 20 })
        .verdict('s/a', 'flaky', { attempt: 2, ms: 20, reason: 'passed on attempt 2' }),
    [a],
  );
  const summary = summarise(h.records);
  expect(summary.claims[0]).toMatchObject({ verdict: 'flaky', leaked: 5, ms: 30 });
  expect(summary.claims[0]?.attempts).toHaveLength(2);
  expect(summary.leaked).toBe(6);
});

it('says the sandbox from the plan, and before there is one from the choice', () => {
  const chosen = history().add({
    kind: 'run',
    runId: 'r',
    version: '1',
    node: 'v20',
    startedAt: '',
    argv: [],
    seed: '1',
    choice: { provider: 'sandbox', mesh: 'reference', sandbox: true, why: 'no docker' },
  });
  expect(summarise(chosen.records)).toMatchObject({ sandbox: true, mesh: { name: 'reference' }, why: 'no docker' });
  chosen.plan([a], { provider: 'kind', sandbox: false });
  expect(summarise(chosen.records)).toMatchObject({ sandbox: false, mesh: { name: 'osm', version: 'v1.2.4' } });
});

it('summaryJson carries the exit status and the summary', () => {
  const parsed: unknown = JSON.parse(summaryJson(ended((run) => run.verdict('s/a', 'failed')).records));
  expect(parsed).toMatchObject({ exitStatus: 1, runId: 'r1', verdicts: { failed: 1 }, sandbox: false });
});
