import { expect, test } from '@jest/globals';
import { AddressPool } from './network.ts';

test('addresses of pods and sidecars are all different', () => {
  const pool = new AddressPool();
  const taken = Array.from({ length: 600 }, () => pool.take()).flatMap(({ pod, sidecar }) => [pod, sidecar]);
  expect(new Set(taken).size).toBe(1200);
  expect(taken.every((address) => /^10\.244\.(?!0\.)\d+\.(?!0$|255$)\d+$/.test(address))).toBe(true);
});

test('a freed address comes again only after all others', () => {
  const pool = new AddressPool();
  const first = pool.take();
  pool.free(first);
  expect(pool.take()).not.toEqual(first);
  const rest = Array.from({ length: 16 * 254 - 1 }, () => pool.take().pod);
  expect(rest).toContain(first.pod);
  expect(() => pool.take()).toThrow('in use');
});
