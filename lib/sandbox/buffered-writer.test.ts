import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { BufferedWriter } from './buffered-writer.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('writes pieces that come within its time together, in order, once', () => {
  const written: string[] = [];
  const bufferedWriter = new BufferedWriter((text) => written.push(text), 5);
  bufferedWriter.add('a');
  jest.advanceTimersByTime(4);
  bufferedWriter.add('b');
  expect(written).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(written).toEqual(['ab']);
  bufferedWriter.add('c');
  jest.advanceTimersByTime(60_000);
  expect(written).toEqual(['ab', 'c']);
});

test('flush writes at once what it has, and nothing if it has nothing', () => {
  const written: string[] = [];
  const bufferedWriter = new BufferedWriter((text) => written.push(text), 5);
  bufferedWriter.flush();
  bufferedWriter.add('a');
  bufferedWriter.flush();
  jest.advanceTimersByTime(5);
  expect(written).toEqual(['a']);
});
