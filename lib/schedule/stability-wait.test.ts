import { expect, test } from '@jest/globals';
import type { DeclaredClaim } from '../judge/declare.ts';
import { orderClaims } from './order.ts';
import { stabilityCheckWait } from './stability-wait.ts';

const claim = (id: string, rest: Partial<DeclaredClaim>): DeclaredClaim => ({
  id,
  suite: id.split('/')[0] ?? '',
  title: '',
  spec: '',
  level: 'core',
  features: [],
  ...rest,
});
const plain = [1, 2, 3].map((n) => claim(`a/plain-${n}`, { starts: { permissive: true } }));
const stabilityCheck = claim('a/stays', {
  starts: { permissive: true },
  ends: { permissive: false },
  stabilityCheck: 'permissive',
});
const toggle = claim('a/toggle', { starts: { permissive: true }, ends: { permissive: true } });

test('a stability check after claims that leave its mode alone waits less, and not at all after enough of them', () => {
  expect(stabilityCheckWait([stabilityCheck])).toBe(12);
  expect(stabilityCheckWait([...plain.slice(1), stabilityCheck])).toBe(2);
  expect(stabilityCheckWait([...plain, stabilityCheck])).toBe(0);
});

test('a claim that switches the mode to and fro starts the time anew', () => {
  expect(stabilityCheckWait([...plain, toggle, stabilityCheck])).toBe(12);
});

test('the order lets a stability check use the time of other claims', () => {
  const { claims } = orderClaims([stabilityCheck, toggle, ...plain]);
  expect(stabilityCheckWait(claims)).toBe(0);
  expect(claims.at(-1)?.id).toBe('a/stays');
});
