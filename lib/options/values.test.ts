import { expect, it } from '@jest/globals';
import { parseDuration } from './values.ts';

it.each([
  ['500ms', 500],
  ['90s', 90_000],
  ['20m', 1_200_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
])('reads %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', '20', 'm', '-1s', '0s', '20 m', '1d', 's20'])('refuses "%s"', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
