import { expect, test } from '@jest/globals';
import { coloursFor } from '../colours.ts';
import { openTranscript, StepFailure } from './transcript.ts';

function transcript() {
  const lines: string[] = [];
  const logged: string[] = [];
  const colours = coloursFor({ isTTY: false });
  const open = openTranscript({ write: (text) => lines.push(text) }, colours, (line) => logged.push(line));
  return { open, lines, logged };
}

test('a step that did what it is for says what came of it', async () => {
  const { open, lines, logged } = transcript();
  expect(await open.step('install', async () => 'it is there')).toBe(true);
  open.conclude('details: x');
  expect(lines[0]).toMatch(/^ {2}✓ install {12}it is there \(\d\.\d s\)\n$/);
  expect(lines.join('')).toContain('every part did what it is for');
  expect(logged).toHaveLength(lines.length);
  expect(open.failures).toBe(0);
});

test('one that did not says why and where to look, and the next one goes on', async () => {
  const { open, lines } = transcript();
  const fail = open.step('enrol', () => Promise.reject(new StepFailure('no proxy\nin curl-1', ['look at enrol'])));
  expect(await fail).toBe(false);
  open.skip('egress', 'not tried');
  open.conclude('details: x');
  const indent = ' '.repeat(24);
  expect(lines.slice(0, 2)).toEqual([
    `  ✗ enrol              no proxy\n${indent}in curl-1\n${indent}-> look at enrol\n`,
    '  - egress             not tried\n',
  ]);
  expect(lines.join('')).toContain('1 part did not do what it is for');
  expect(open.failures).toBe(1);
});

test('what is no finding about the driver ends the trial', async () => {
  const { open } = transcript();
  await expect(open.step('install', () => Promise.reject(new Error('no Docker')))).rejects.toThrow('no Docker');
});
