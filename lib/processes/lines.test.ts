import { expect, test } from '@jest/globals';
import { Lines } from './lines.ts';

function cut(...chunks: (string | Buffer)[]): string[] {
  const told: string[] = [];
  const lines = new Lines((line) => told.push(line));
  for (const chunk of chunks) lines.push(Buffer.from(chunk));
  return told;
}

test('lines are whole however the bytes come', () => {
  expect(cut('a\nb\n')).toEqual(['a', 'b']);
  expect(cut('a', 'b', '\n', '\nc\nd')).toEqual(['ab', '', 'c']);
});

test('a letter may be cut in two', () => {
  const bytes = Buffer.from('für\n');

  expect(cut(bytes.subarray(0, 2), bytes.subarray(2))).toEqual(['für']);
});

test('an unfinished line is given at the end only', () => {
  const told: string[] = [];
  const lines = new Lines((line) => told.push(line));
  lines.push(Buffer.from('half'));
  expect(told).toEqual([]);
  lines.end();
  expect(told).toEqual(['half']);
});
