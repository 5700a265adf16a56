import { expect, test } from '@jest/globals';
import { nonceMaker, noncesIn } from './nonce.ts';

const take = (source: (user: string) => string, user: string, count: number) =>
  Array.from({ length: count }, () => source(user));

test('two runs with the same seed use the same nonces for a claim, whatever other claims do meanwhile', () => {
  const one = nonceMaker('7');
  const other = nonceMaker('7');
  take(other, 's/other', 5);
  expect(take(one, 's/claim', 3)).toEqual(take(other, 's/claim', 3));
});

test('another seed, another claim and another attempt have other nonces', () => {
  const nonces = ['s/claim attempt 1', 's/claim attempt 2', 's/other attempt 1'].flatMap((user) => [
    ...take(nonceMaker('7'), user, 100),
    ...take(nonceMaker('8'), user, 100),
  ]);
  expect(new Set(nonces).size).toBe(600);
});

test('a nonce is one word for curl, nc and every log, and is found there', () => {
  const nonce = nonceMaker('7')('s/claim');
  expect(nonce).toMatch(/^mp[0-9a-z]{16}$/);
  expect(noncesIn(`GET /get?nonce=${nonce} HTTP/1.1; echo response: ${nonce}-12`)).toEqual([nonce, `${nonce}-12`]);
});
