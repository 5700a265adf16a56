import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { type Frame, frameReader } from './frames.ts';

function encode(id: string, status: number, stdout: string, stderr: string): string {
  const base64 = (text: string) => (text === '' ? '' : `${Buffer.from(text).toString('base64')}\n`);
  const body = `<<${id} ${status}\n${base64(stdout)}--\n${base64(stderr)}`;
  return `${body}>>${id} ${createHash('sha256').update(body).digest('hex')}\n`;
}

function read(...chunks: string[]) {
  const frames: Frame[] = [];
  const damaged: (string | undefined)[] = [];
  const told: string[][] = [];
  let ready = 0;
  const take = frameReader({
    ready: () => {
      ready += 1;
    },
    frame: (frame) => frames.push(frame),
    beat: (ids) => told.push(ids),
    damaged: (id) => damaged.push(id),
  });
  for (const chunk of chunks) take(Buffer.from(chunk, 'latin1'));
  return { frames, damaged, told, ready };
}

test('a frame comes out whole however the stream was cut', () => {
  const text = `ready\n${encode('a1', 52, 'naïve\n', 'curl: (52)\n')}`;
  for (let cut = 1; cut < text.length; cut += 7) {
    const { frames, damaged, ready } = read(text.slice(0, cut), text.slice(cut));
    expect(ready).toBe(1);
    expect(damaged).toEqual([]);
    expect(frames).toEqual([{ id: 'a1', status: 52, stdout: 'naïve\n', stderr: 'curl: (52)\n' }]);
  }
});

test.each([
  ['a lost line', (text: string) => text.replace(/^aGk.*\n/m, '')],
  ['an added line', (text: string) => text.replace('--\n', '--\nQQ==\n')],
  ['another exit status', (text: string) => text.replace('<<a1 0', '<<a1 7')],
])('%s makes the frame damaged, never another answer', (_, spoil) => {
  const { frames, damaged } = read(spoil(encode('a1', 0, 'hi there', '')));
  expect(frames).toEqual([]);
  expect(damaged).toEqual(['a1']);
});

test('a frame without an end does not swallow the next', () => {
  const { frames, damaged } = read('<<a1 0\naGk=\n', encode('a2', 0, '', ''));
  expect(damaged).toEqual(['a1']);
  expect(frames.map((frame) => frame.id)).toEqual(['a2']);
});

test('a beat tells of frames, and ends one without an end', () => {
  const { frames, damaged, told } = read('ready\n~\n', encode('j1', 0, '', ''), '<<j2 0\naGk=\n~ j1 j2\n', '~ j1');
  expect(told).toEqual([[], ['j1', 'j2']]);
  expect(damaged).toEqual(['j2']);
  expect(frames.map((frame) => frame.id)).toEqual(['j1']);
});

function brief(id: string, status: number, ...body: string[]): string {
  const text = body.map((line) => `${line}\n`).join('');
  return `<<${id} ${status}\n${text}==\n${text}>>${id}\n`;
}

test('a brief frame comes out whole, with its lines as they were', () => {
  const { frames, damaged } = read(
    brief('b1', 52, '|na\xc3\xafve', '|', '|  spaced', '+no end', '--', '|curl: (52)'),
    brief('b2', 0, '--'),
  );
  expect(damaged).toEqual([]);
  expect(frames).toEqual([
    { id: 'b1', status: 52, stdout: 'na\u00efve\n\n  spaced\nno end', stderr: 'curl: (52)\n' },
    { id: 'b2', status: 0, stdout: '', stderr: '' },
  ]);
});

test.each([
  ['a lost line', (text: string) => text.replace('|two\n', '')],
  ['a lost copy', (text: string) => text.replace(/==\n[\s\S]*>>/, '>>')],
  ['all that lies between the copies lost', (text: string) => text.replace(/\|two\n--\n==\n\|one\n/, '')],
  ['an added line', (text: string) => text.replace('--\n', '|three\n--\n')],
  ['another word', (text: string) => text.replace('one', 'ten')],
  ['a line cut off, twice', (text: string) => text.replaceAll('|two', 'wo')],
])('%s makes a brief frame damaged', (_, spoil) => {
  const { frames, damaged } = read(spoil(brief('b1', 0, '|one', '|two', '--')));
  expect(frames).toEqual([]);
  expect(damaged).toEqual(['b1']);
});
