import { describe, expect, test } from '@jest/globals';
import { LogReplay, readLine } from './logs.ts';

function tell(replay: LogReplay, ...lines: string[]): string[] {
  return lines.filter((line) => {
    const read = readLine(line);
    return read !== undefined && replay.isNew(read.stamp, line);
  });
}
const at = (rest: string): string => `2026-01-02T03:04:${rest}`;

describe('readLine', () => {
  test('splits stamp and text, to the nanosecond', () => {
    expect(readLine('1970-01-01T00:00:01.000000002Z some text ')).toEqual({
      stamp: 1_000_000_002n,
      text: 'some text ',
    });
    expect(readLine('1970-01-01T00:00:00Z ')).toEqual({ stamp: 0n, text: '' });
  });

  test('reads stamps without trailing zeros, and other time zones', () => {
    expect(readLine('1970-01-01T00:00:00.12Z x')?.stamp).toBe(120_000_000n);
    expect(readLine('1970-01-01T02:00:00.000000001+02:00 x')?.stamp).toBe(1n);
  });

  test('a line without a stamp is not the container’s', () => {
    expect(readLine('failed to create fsnotify watcher: too many open files')).toBeUndefined();
    expect(readLine('2026-13-99T00:00:00Z x')).toBeUndefined();
  });
});

describe('LogReplay', () => {
  test('drops lines that come again, and keeps others', () => {
    const replay = new LogReplay();
    const [a, b, c] = [at('05.000000001Z a'), at('05.5Z b'), at('06.1Z c')];

    expect(tell(replay, a, b)).toEqual([a, b]);
    replay.resume();
    expect(tell(replay, a, b, c)).toEqual([c]);
    replay.resume();
    expect(tell(replay, a, b, c)).toEqual([]);
  });

  test('keeps all lines of one moment, even if the break was between them', () => {
    const replay = new LogReplay();
    const [a, b] = [at('05.1Z a'), at('05.1Z b')];

    tell(replay, a);
    replay.resume();

    expect(tell(replay, a, b)).toEqual([b]);
  });

  test('delivers a line twice if it was printed twice in one moment', () => {
    const replay = new LogReplay();
    const a = at('05.1Z a');

    expect(tell(replay, a)).toEqual([a]);
    replay.resume();
    expect(tell(replay, a, a)).toEqual([a]);
    replay.resume();
    expect(tell(replay, a, a)).toEqual([]);
  });

  test('a line that stderr stamped a little earlier is not lost by the break', () => {
    const replay = new LogReplay();
    const [first, out, err] = [at('04Z first'), at('05.2Z out'), at('05.1Z err')];

    tell(replay, first, out);
    replay.resume();

    expect(tell(replay, first, out, err)).toEqual([err]);
  });

  test('starts at the second before the last line', () => {
    const replay = new LogReplay();
    expect(replay.since).toBeUndefined();

    tell(replay, at('05.1Z a'), at('06.9Z b'));
    expect(replay.since).toBe('2026-01-02T03:04:05Z');

    replay.resume();
    expect(tell(replay, at('05.1Z a'), at('06.9Z b'))).toEqual([]);
  });

  test('leaves out what an earlier container printed before the first line', () => {
    const replay = new LogReplay();
    tell(replay, at('05.5Z begun'));
    replay.resume();

    expect(tell(replay, at('05.1Z somebody else’s'), at('05.5Z begun'), at('05.6Z next'))).toEqual([at('05.6Z next')]);
  });
});
