import { describe, expect, it } from '@jest/globals';
import { claimResults } from './claims.ts';
import { brief, failureText, full } from './failure.ts';
import { claim, type History, history, httpRoute, route } from './testing/history.ts';

const refused = {
  statement: 'curl is refused by httpbin',
  routes: [route({ expected: 'refused' })],
  result: 'unmet' as const,
};

function explain(h: History, detail = full): string {
  const first = claimResults(h.records)[0];
  if (first === undefined) throw new Error('the history has no claim');
  return failureText(first, h.records, detail);
}

describe('failureText', () => {
  it('says command, pod, expectation, what was observed how often, the last observation, server and files', () => {
    const h = history()
      .plan([claim('s/a')])
      .after(1000);
    for (let i = 0; i < 3; i++) {
      h.observe({ claim: 's/a', expectation: 1, stdout: `{"n":${i}}\r\n`, stderr: '\x1b[31mhm' }).after(100);
    }
    h.expectation('s/a', { ...refused, start: 1000, end: 61_200, why: 'still answered 60 s after the change' });
    h.verdict('s/a', 'failed', { reason: 'it leaks', diagnostics: 'cluster/s-a' });

    expect(explain(h, brief)).toBe(
      [
        'expected   curl is refused by httpbin',
        'in pod     curl/curl-1: curl -s http://httpbin.httpbin:14001/get?nonce=n1',
        'observed   answered (HTTP 200) on each of 3 attempts over 60.2 s',
        'last       at 1.2 s: exit 0 after 0.01 s, stdout "{"n":2}", stderr "\\e[31mhm"',
        'server     its log has 3 of 3 nonces',
        'why        still answered 60 s after the change',
        'reason     it leaks',
        'see        cluster/s-a',
      ].join('\n'),
    );
    expect(explain(h, full)).toContain('at 1.1 s');
  });

  it('counts each outcome when they differ, and says that the server never saw the probe', () => {
    const h = history().plan([claim('s/a')]);
    const lost = { claim: 's/a', expectation: 1, outcome: 'not-reached' as const, inLog: false, exit: 52 };
    h.observe({ ...lost, signature: 'curl 52' }).observe({ ...lost, signature: 'curl 52' });
    h.observe({ ...lost, signature: 'curl 7', exit: 7 });
    h.expectation('s/a', { result: 'unmet' }).verdict('s/a', 'failed');
    expect(explain(h)).toContain('observed   not-reached (curl 52) 2 times, not-reached (curl 7) once, of 3 attempts');
    expect(explain(h)).toContain('server     no nonce ever reached its log');
  });

  it('tells why the harness cannot say, and that an exit status was not trusted', () => {
    const h = history().plan([claim('s/a')]);
    h.add({ kind: 'environment-fault', cause: 'DNS is down', from: 0 });
    h.add({
      kind: 'observation',
      claim: 's/a',
      expectation: 1,
      role: 'subject',
      route: httpRoute,
      pod: 'curl/curl-1',
      container: 'curl',
      command: 'curl',
      nonce: 'n',
      start: 0,
      end: 5,
      stdout: '',
      stderr: '',
      outcome: 'unknown',
      signature: 'no frame',
      logged: false,
      inLog: false,
      doubt: 'the exec session was lost',
    });
    h.expectation('s/a', { result: 'undecided' }).verdict('s/a', 'inconclusive');
    const text = explain(h);
    expect(text).toContain('which was not decided');
    expect(text).toContain('no trusted exit status');
    expect(text).toContain('; the\n           exec session was lost');
    expect(text).toContain('server     its log cannot be read');
    expect(text).toContain('fault      DNS is down, from 0.0 s on');
  });

  it('shows the routes that deviated and leaves out those that did as expected', () => {
    const h = history().plan([claim('s/a')]);
    const tcp = 'curl/curl -> tcp tcp-echo.tcp-demo:9000';
    h.observe({ claim: 's/a', expectation: 1, command: 'good' });
    h.observe({
      claim: 's/a',
      expectation: 1,
      route: tcp,
      command: 'bad',
      outcome: 'not-reached',
      signature: 'nc silent',
    });
    h.expectation('s/a', { result: 'unmet', routes: [route(), route({ route: tcp })] }).verdict('s/a', 'failed');
    expect(explain(h)).toContain('curl/curl-1: bad');
    expect(explain(h)).not.toContain('curl/curl-1: good');
  });

  it('prefers the routes that ended with a deviation to those that only began with one', () => {
    const h = history().plan([claim('s/a')]);
    const tcp = 'curl/curl -> tcp tcp-echo.tcp-demo:9000';
    const silent = { claim: 's/a', expectation: 1, outcome: 'not-reached' as const, signature: 'nc silent' };
    h.observe({ ...silent, command: 'good' }).observe({ ...silent, route: tcp, command: 'bad' });
    h.observe({ claim: 's/a', expectation: 1, command: 'good' });
    h.expectation('s/a', { result: 'unmet', routes: [route(), route({ route: tcp })] }).verdict('s/a', 'failed');
    expect(explain(h)).toContain('curl/curl-1: bad');
    expect(explain(h)).not.toContain('curl/curl-1: good');
  });

  it('speaks of the last attempt only, even if its verdict was amended', () => {
    const h = history().plan([claim('s/a')]);
    h.expectation('s/a', { ...refused, statement: 'the first try' }).verdict('s/a', 'failed');
    h.expectation('s/a', { ...refused, statement: 'the second try' });
    h.verdict('s/a', 'inconclusive', { attempt: 2 }).verdict('s/a', 'failed', { attempt: 2, reason: 'amended' });
    expect(explain(h)).toContain('the second try');
    expect(explain(h)).not.toContain('the first try');
    expect(explain(h)).toContain(
      'attempts   attempt 1: failed after 1.0 s\n           attempt 2: failed after 1.0 s: amended',
    );
  });

  it('names a change that failed', () => {
    const h = history().plan([claim('s/a')]);
    h.change('apply policy', { claim: 's/a', error: 'admission webhook said no' }).verdict('s/a', 'inconclusive');
    expect(explain(h)).toBe(
      'change     apply policy: admission webhook said no\nsee        no diagnostics: the evidence does not say why',
    );
  });
});
