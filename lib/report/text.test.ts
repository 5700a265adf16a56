import { describe, expect, it } from '@jest/globals';
import { covered } from './spans.ts';
import { indent, printable, quoted, shorten, wrap } from './text.ts';

describe('printable', () => {
  it('spells out what would steer a terminal or break a format, and keeps the rest', () => {
    expect(printable('a\x1b[31mb\0\r\n\tü€😀')).toBe('a\\e[31mb\\0\\r\n\\tü€😀');
    expect(printable('\x07\x9b\uFFFE\u2028')).toBe('\\u0007\\u009b\\ufffe\\u2028');
  });

  it('spells out half of a surrogate pair', () => {
    expect(printable('x\ud800y')).toBe('x\\ud800y');
  });
});

it('quoted keeps output on one line, shortened, and says when there was none', () => {
  expect(quoted('HTTP/1.1 200 OK\nserver: x\n')).toBe('"HTTP/1.1 200 OK\\nserver: x"');
  expect(quoted('')).toBe('nothing');
  expect(quoted('x'.repeat(500), 10)).toBe('"xxxxxxxxx…"');
});

it('shorten counts characters, not code units', () => {
  expect(shorten('😀😀😀', 3)).toBe('😀😀😀');
  expect(shorten('😀😀😀', 2)).toBe('😀…');
});

it('wrap breaks between words, keeps long words whole and numbers with their unit', () => {
  expect(wrap('one two three', 7)).toBe('one two\nthree');
  expect(wrap('a https://example.invalid/long b', 5)).toBe('a\nhttps://example.invalid/long\nb');
  expect(wrap('over 3.0 s', 8)).toBe('over\n3.0 s');
});

it('indent moves every line but empty ones', () => {
  expect(indent('a\n\nb', '  ')).toBe('  a\n\n  b');
});

it('covered counts overlapping spans once', () => {
  const spans = [
    { start: 5, end: 8 },
    { start: 0, end: 3 },
    { start: 2, end: 4 },
    { start: 6, end: 7 },
  ];
  expect(covered(spans)).toBe(7);
  expect(covered([])).toBe(0);
});
