import { describe, expect, test } from '@jest/globals';
import { age } from './table.ts';

describe('an age', () => {
  test.each([
    [5, '5s'],
    [119, '119s'],
    [150, '2m'],
    [3600, '60m'],
    [3 * 3600 + 720, '3h'],
    [30 * 3600, '30h'],
    [5 * 86400, '5d'],
  ])('of %i seconds is written %s', (seconds, text) => {
    expect(age(new Date(Date.now() - seconds * 1000).toISOString())).toBe(text);
  });
});
