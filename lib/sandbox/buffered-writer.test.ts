import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { BufferedWriter } from './buffered-writer.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('pieces that come within its time are passed on together, in order, and once', () => {
  const passed: string[] = [];
  const bufferedWriter = new BufferedWriter((text) => passed.push(text), 5);
  bufferedWriter.add('a');
  jest.advanceTimersByTime(4);
  bufferedWriter.add('b');
  expect(passed).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(passed).toEqual(['ab']);
  bufferedWriter.add('c');
  jest.advanceTimersByTime(60_000);
  expect(passed).toEqual(['ab', 'c']);
});

test('what there is can be passed on at once, and nothing is no piece', () => {
  const passed: string[] = [];
  const bufferedWriter = new BufferedWriter((text) => passed.push(text), 5);
  bufferedWriter.flush();
  bufferedWriter.add('a');
  bufferedWriter.flush();
  jest.advanceTimersByTime(5);
  expect(passed).toEqual(['a']);
});
