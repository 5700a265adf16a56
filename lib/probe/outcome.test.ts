import { expect, test } from '@jest/globals';
import { look, outcomeOf } from './outcome.ts';
import type { Route } from './route.ts';

const client = { app: 'curl', namespace: 'curl', serviceAccount: 'curl', container: 'curl', enrolled: true };
const http: Route = { client, server: undefined, protocol: 'http', host: 'h', port: 80, manner: 'plain' };
const tcp: Route = { ...http, protocol: 'tcp', port: 9000 };
const nonce = 'mp0000000000000001';
const answer = (args: object) => JSON.stringify({ args, headers: {}, url: 'http://h/get' });
const printed = (over: object) => ({ nonce, exit: 0, status: 0, stdout: '', stderr: '', ...over });

test.each([
  ['go-httpbin', printed({ status: 200, stdout: answer({ nonce: [nonce] }) }), 'whole'],
  ['the older httpbin', printed({ status: 200, stdout: answer({ nonce }) }), 'whole'],
  ['an answer to another probe', printed({ status: 200, stdout: answer({ nonce: ['mp0000000000000002'] }) }), 'spoilt'],
  ['a page in the place of the answer', printed({ status: 200, stdout: '<html>ok</html>' }), 'spoilt'],
  ['a refusal by status', printed({ status: 403, stdout: 'RBAC: access denied' }), 'none'],
  ['a cut answer', printed({ exit: 18, status: 200, stdout: `{"args":{"nonce":["${nonce}` }), 'spoilt'],
  ['a refused connection', printed({ exit: 7, stderr: 'curl: (7) …' }), 'none'],
])('HTTP: %s', (_, given, words) => {
  expect(look(http, given)).toMatchObject({ words });
  expect(look(http, given).doubt).toBeUndefined();
});

test.each([
  ['the echo', printed({ stdout: `echo response: ${nonce}\n` }), 'whole'],
  ['silence with exit 0', printed({}), 'none'],
  [
    'a refused connection',
    printed({ exit: 1, stderr: "nc: can't connect to remote host (10.96.1.1): Connection refused" }),
    'none',
  ],
  ['a changed echo', printed({ stdout: `echo response: x${nonce}\n` }), 'spoilt'],
  ['a kill at the limit', printed({ exit: 137 }), 'none'],
])('TCP: %s', (_, given, words) => {
  expect(look(tcp, given)).toMatchObject({ words });
  expect(look(tcp, given).doubt).toBeUndefined();
});

test.each([
  [http, printed({ exit: 6, stderr: 'curl: (6) Could not resolve host' })],
  [http, printed({ exit: 28, stderr: 'curl: (28) Resolving timed out after 3000 ms' })],
  [tcp, printed({ exit: 1, stderr: "nc: bad address 'tcp-echo.tcp-demo'" })],
  [tcp, printed({ exit: 127, stderr: 'sh: nc: not found' })],
])('a failed lookup or a missing program is doubt, never a refusal', (route, given) => {
  const seen = look(route, given);
  expect(seen.doubt).toBeDefined();
  expect(outcomeOf(seen, false)).toBe('unknown');
});

test('what the client saw and the log held', () => {
  const seen = (words: 'whole' | 'spoilt' | 'none') => ({ words, signature: '' });
  expect(outcomeOf(seen('whole'), true)).toBe('answered');
  expect(outcomeOf(seen('whole'), false)).toBe('forged');
  expect(outcomeOf(seen('spoilt'), true)).toBe('altered');
  expect(outcomeOf(seen('spoilt'), false)).toBe('forged');
  expect(outcomeOf(seen('none'), true)).toBe('reached-without-answer');
  expect(outcomeOf(seen('none'), false)).toBe('not-reached');
  expect(outcomeOf(seen('whole'), undefined)).toBe('answered');
  expect(outcomeOf(seen('none'), undefined)).toBe('not-reached');
});
