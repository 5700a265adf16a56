import { describe, expect, it } from '@jest/globals';
import picocolors from 'picocolors';
import stringWidth from 'string-width';
import { covered } from './records.ts';
import { fold, indent, pad, quoted, shorten, wrap } from './text.ts';

it('quoted keeps output on one line, shortened, and says when there was none', () => {
  expect(quoted('HTTP/1.1 200 OK\nserver: x\n')).toBe('"HTTP/1.1 200 OK\\nserver: x"');
  expect(quoted('')).toBe('nothing');
  expect(quoted('x'.repeat(500), 10)).toBe('"xxxxxxxxx…"');
});

it('shorten counts columns of a terminal, not code units: wide characters take two', () => {
  expect(shorten('üüü', 3)).toBe('üüü');
  expect(shorten('😀😀😀', 6)).toBe('😀😀😀');
  expect(shorten('😀😀😀', 5)).toBe('😀😀…');
  expect(shorten('漢字漢字', 4)).toBe('漢…');
  expect(shorten('ab', 1)).toBe('…');
  expect(shorten('ab', 0)).toBe('');
});

it('pad counts columns, too', () => {
  expect(pad('漢', 4)).toBe('漢  ');
  expect(pad('long', 2)).toBe('long');
});

describe('fold', () => {
  const labelled = '    expected   curl/curl -> tcp tcp-echo.tcp-demo:9000 is refused within 1.0 s of the change';

  it('leaves alone what is no wider than the terminal', () => {
    expect(fold('a line', 6)).toEqual(['a line']);
  });

  it('hangs text under its text, beside the label', () => {
    expect(fold(labelled, 60)).toEqual([
      '    expected   curl/curl -> tcp tcp-echo.tcp-demo:9000 is',
      '               refused within 1.0 s of the change',
    ]);
  });

  it('keeps a number and its unit together', () => {
    expect(fold('  it was over 3.0 s', 17)).toEqual(['  it was over', '    3.0 s']);
  });

  it('hangs prose by two columns', () => {
    expect(fold('  ! environment: a node was paused', 20)).toEqual(['  ! environment: a', '    node was paused']);
  });

  it('breaks a word that is wider than the terminal, and counts wide characters as two columns', () => {
    expect(fold('漢字漢字漢字', 6)).toEqual(['漢字', '  漢字', '  漢字']);
    expect(fold(`see  ${'x'.repeat(12)}`, 12)).toEqual(['see  xxxxxxx', '     xxxxx']);
  });

  it('keeps colours, and counts them as nothing', () => {
    const paint = picocolors.createColors(true);
    const folded = fold(paint.red(labelled), 60);
    expect(folded).toHaveLength(2);
    expect(folded.join('')).toContain(String.fromCharCode(27));
  });

  it.each([20, 40, 60, 80])('never has a line wider than %i columns', (width) => {
    for (const line of [labelled, `漢${'字'.repeat(60)}`, `${' '.repeat(30)}deep ${'word '.repeat(20)}`]) {
      for (const each of fold(line, width)) expect(stringWidth(each)).toBeLessThanOrEqual(width);
    }
  });
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
