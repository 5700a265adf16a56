import { describe, expect, it } from '@jest/globals';
import { printable, printableJson } from './printable.ts';

describe('printable', () => {
  it('spells out control characters and keeps the rest, line feeds too', () => {
    expect(printable('a\x1b[31mb\0\r\tü€😀漢\n')).toBe('a\\e[31mb\\0\\r\\tü€😀漢\n');
    expect(printable('\x07\x08\x7f\x9b')).toBe('\\u0007\\u0008\\u007f\\u009b');
  });

  it.each([
    ['marks and embeddings of direction', '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e'],
    ['isolates of direction', '\u2066\u2067\u2068\u2069'],
    ['zero-width characters', '\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e'],
    ['blanks that show nothing', '\u115f\u3164\uffa0\u2800\u034f'],
    ['line and paragraph separators', '\u2028\u2029'],
    ['halves of surrogate pairs', 'x\ud800y\udc00'],
    ['noncharacters', '\ufffe\uffff\u{1fffe}'],
    ['tags and variation selectors', '\u{e0041}\ufe0f\u{e0100}'],
  ])('spells out %s', (_, text) => {
    const shown = printable(text);
    expect(shown).toMatch(/^[\x20-\x7e]+$/);
    expect(shown.match(/\\u/g)?.length).toBe([...text].filter((each) => !/[xy]/.test(each)).length);
  });

  it('names a character beyond the basic plane by its code point', () => {
    expect(printable('\u{e0041}')).toBe('\\u{e0041}');
  });
});

it('printableJson changes what a terminal shows, and not what a program reads', () => {
  const value = { pod: 'a\u202eb\x9b\u{e0041}\u200b"\\', lines: 'one\ntwo' };
  const json = printableJson(JSON.stringify(value, undefined, 2));
  expect(json).toMatch(/^[\x20-\x7e\n]+$/);
  expect(JSON.parse(json)).toEqual(value);
});
