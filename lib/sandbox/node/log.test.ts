import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { LogOptions } from '../contract.ts';
import { ContainerLog } from './log.ts';

const whole: LogOptions = { follow: false, previous: false, signal: new AbortController().signal };

async function texts(log: ContainerLog, options: LogOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const { text } of log.read(options)) found.push(text);
  return found;
}

async function written(...chunks: string[]): Promise<ContainerLog> {
  const log = new ContainerLog();
  const stream = new PassThrough();
  log.take(stream);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.once('close', resolve));
  return log;
}

test('lines are joined from chunks, and an unfinished last line counts', async () => {
  expect(await texts(await written('on', 'e\ntwo\nthr', 'ee'), whole)).toEqual(['one', 'two', 'three']);
});

test('tailLines gives the last ones', async () => {
  expect(await texts(await written('1\n2\n3\n'), { ...whole, tailLines: 2 })).toEqual(['2', '3']);
});

test('a reader that follows gets later lines and ends with the stream', async () => {
  const log = new ContainerLog();
  const stream = new PassThrough();
  log.take(stream);
  stream.write('early\n');
  const reading = texts(log, { ...whole, follow: true });
  stream.write('late\n');
  stream.end();
  expect(await reading).toEqual(['early', 'late']);
});

test('a reader that follows can stop', async () => {
  const log = new ContainerLog();
  log.take(new PassThrough());
  const leave = new AbortController();
  const reading = texts(log, { ...whole, follow: true, signal: leave.signal });
  leave.abort();
  expect(await reading).toEqual([]);
});

test('the oldest lines of a long log are dropped, and reading goes on with those that are left', async () => {
  const long = 'x'.repeat(256 * 1024);
  const log = await written(...Array.from({ length: 6 }, (_, n) => `${n}${long}\n`));
  expect((await texts(log, whole)).map((text) => text[0])).toEqual(['3', '4', '5']);
});
