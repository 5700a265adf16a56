import { describe, expect, test } from '@jest/globals';
import { inputFrames, readStatus } from './exec.ts';

describe('frames', () => {
  test('input is cut into messages of at most 32 KiB, without loss', () => {
    const input = `${'ü'.repeat(20_000)}x`.repeat(2);

    const frames = inputFrames(input);

    expect(frames.map((frame) => frame[0])).toEqual([0, 0, 0]);
    expect(frames.every((frame) => frame.length <= 32 * 1024 + 1)).toBe(true);
    expect(Buffer.concat(frames.map((frame) => frame.subarray(1))).toString()).toBe(input);
  });

  test('no input is no message', () => {
    expect(inputFrames('')).toEqual([]);
  });
});

describe('readStatus', () => {
  const read = (status: unknown): unknown => readStatus(Buffer.from(JSON.stringify(status)));
  const failure = { metadata: {}, status: 'Failure', reason: 'NonZeroExitCode', message: 'exit code 3' };

  test('success is exit status 0', () => {
    expect(read({ metadata: {}, status: 'Success' })).toEqual({ exitCode: 0 });
  });

  test('the exit status is a cause', () => {
    const details = {
      causes: [
        { reason: 'Other', message: '1' },
        { reason: 'ExitCode', message: '3' },
      ],
    };

    expect(read({ ...failure, details })).toEqual({ exitCode: 3 });
  });

  test('a failure without an exit status is a fault', () => {
    expect(read(failure)).toEqual({ fault: 'exit code 3' });
    expect(read({ status: 'Failure', reason: 'InternalError', message: 'no container' })).toEqual({
      fault: 'no container',
    });
    expect(read({ ...failure, details: { causes: [{ reason: 'ExitCode', message: 'x' }] } })).toEqual({
      fault: 'exit code 3',
    });
  });

  test('an answer that is no Status is a fault', () => {
    expect(readStatus(Buffer.from('half a fra'))).toEqual({ fault: 'the status frame is no Status: half a fra' });
  });
});
