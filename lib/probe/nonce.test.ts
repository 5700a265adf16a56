import { expect, test } from '@jest/globals';
import { nonceSource, noncesIn } from './nonce.ts';

const take = (source: (user: string) => string, user: string, count: number) =>
  Array.from({ length: count }, () => source(user));

test('two runs with the same seed use the same nonces for a claim, whatever other claims do meanwhile', () => {
  const one = nonceSource('7');
  const other = nonceSource('7');
  take(other, 's/other', 5);
  expect(take(one, 's/claim', 3)).toEqual(take(other, 's/claim', 3));
});

test('another seed, another claim and another attempt have other nonces', () => {
  const nonces = ['s/claim attempt 1', 's/claim attempt 2', 's/other attempt 1'].flatMap((user) => [
    ...take(nonceSource('7'), user, 100),
    ...take(nonceSource('8'), user, 100),
  ]);
  expect(new Set(nonces).size).toBe(600);
});

test('a nonce is one word for curl, nc and every log, and is found there', () => {
  const nonce = nonceSource('7')('s/claim');
  expect(nonce).toMatch(/^mp[0-9a-z]{16}$/);
  expect(noncesIn(`GET /get?nonce=${nonce} HTTP/1.1; echo response: ${nonce}-12`)).toEqual([nonce, `${nonce}-12`]);
});
