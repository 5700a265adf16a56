import { expect, test } from '@jest/globals';
import { BackOff, KUBERNETES_BACK_OFF } from './back-off.ts';

test('the first crash restarts at once, later ones wait twice as long each, up to five minutes', () => {
  const backOff = new BackOff(KUBERNETES_BACK_OFF);
  const waits = Array.from({ length: 8 }, () => backOff.next(1_000));
  expect(waits).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test('a long run is forgiven', () => {
  const backOff = new BackOff(KUBERNETES_BACK_OFF);
  backOff.next(1_000);
  expect(backOff.next(600_000)).toBe(0);
});
