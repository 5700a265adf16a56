import { describe, expect, test } from '@jest/globals';
import { hasAnswer, query } from './dns.ts';

/** Length and header of a response: flags and number of answers are what counts. */
function response(flags: number, answers: number): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16BE(0x6d70, 2);
  bytes.writeUInt16BE(flags, 4);
  bytes.writeUInt16BE(1, 6);
  bytes.writeUInt16BE(answers, 8);
  return bytes;
}

describe('a DNS lookup over TCP', () => {
  test('asks for the addresses of a name, length first', () => {
    const message = query('a.local');
    expect(message.readUInt16BE(0)).toBe(message.length - 2);
    expect(message.subarray(14).toString('latin1')).toBe('\x01a\x05local\x00\x00\x01\x00\x01');
  });

  test('is answered by a response without error that has a record', () => {
    expect(hasAnswer(response(0x8580, 1))).toBe(true);
  });

  test.each([
    ['no record', response(0x8580, 0)],
    ['NXDOMAIN', response(0x8583, 0)],
    ['SERVFAIL', response(0x8182, 1)],
    ['the question itself', response(0x0100, 1)],
    ['nothing', Buffer.alloc(0)],
  ])('is not answered by %s', (_what, bytes) => {
    expect(hasAnswer(bytes)).toBe(false);
  });
});
