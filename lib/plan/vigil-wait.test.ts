import { expect, test } from '@jest/globals';
import type { DeclaredClaim } from '../claim/declare.ts';
import { orderClaims } from './order.ts';
import { vigilWait } from './vigil-wait.ts';

const claim = (id: string, rest: Partial<DeclaredClaim>): DeclaredClaim => ({
  id,
  suite: id.split('/')[0] ?? '',
  says: '',
  source: '',
  level: 'core',
  needs: [],
  ...rest,
});
const plain = [1, 2, 3].map((n) => claim(`a/plain-${n}`, { starts: { permissive: true } }));
const vigil = claim('a/stays', { starts: { permissive: true }, ends: { permissive: false }, vigil: 'permissive' });
const toggle = claim('a/toggle', { starts: { permissive: true }, ends: { permissive: true } });

test('a vigil after claims that leave its mode alone waits less, and not at all after enough of them', () => {
  expect(vigilWait([vigil])).toBe(12);
  expect(vigilWait([...plain.slice(1), vigil])).toBe(2);
  expect(vigilWait([...plain, vigil])).toBe(0);
});

test('a claim that switches the mode to and fro starts the time anew', () => {
  expect(vigilWait([...plain, toggle, vigil])).toBe(12);
});

test('the order lets a vigil use the time of other claims', () => {
  const { claims } = orderClaims([vigil, toggle, ...plain]);
  expect(vigilWait(claims)).toBe(0);
  expect(claims.at(-1)?.id).toBe('a/stays');
});
