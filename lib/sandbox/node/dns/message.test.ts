import { expect, test } from '@jest/globals';
import { readQuestion, writeAnswer } from './message.ts';

/** `dig +norec Tcp-Echo.tcp-demo` as it goes over the wire. */
function query(type: number): Buffer {
  const header = Buffer.from([0xab, 0xcd, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  const name = Buffer.concat([
    Buffer.from([8]),
    Buffer.from('Tcp-Echo'),
    Buffer.from([8]),
    Buffer.from('tcp-demo'),
    Buffer.from([0]),
  ]);
  return Buffer.concat([header, name, Buffer.from([0, type, 0, 1])]);
}

function question(type: number): NonNullable<ReturnType<typeof readQuestion>> {
  const read = readQuestion(query(type));
  if (read === undefined) throw new Error('not read');
  return read;
}

test('a query is read, its name in lower case', () => {
  expect(question(1)).toMatchObject({ id: 0xabcd, name: 'tcp-echo.tcp-demo', type: 1, isRecursionDesired: true });
});

test('an address is answered', () => {
  const answer = writeAnswer(question(1), { status: 'found', addresses: ['10.96.0.7'] });
  expect(answer.readUInt16BE(0)).toBe(0xabcd);
  expect(answer[3]).toBe(0x80);
  expect(answer.readUInt16BE(6)).toBe(1);
  expect([...answer.subarray(-4)]).toEqual([10, 96, 0, 7]);
});

test('a question for IPv6 of a name that is there has no answers and is no error', () => {
  const answer = writeAnswer(question(28), { status: 'found', addresses: ['10.96.0.7'] });
  expect([answer.readUInt16BE(6), (answer[3] ?? 0) & 0x0f]).toEqual([0, 0]);
});

test('a name that is not there is NXDOMAIN', () => {
  expect((writeAnswer(question(1), { status: 'no-such-name' })[3] ?? 0) & 0x0f).toBe(3);
});

test.each([
  ['short', query(1).subarray(0, 7)],
  ['cut in the name', query(1).subarray(0, 18)],
  ['cut behind it', query(1).subarray(0, -2)],
])('a message that is %s is not read', (_, message) => {
  expect(readQuestion(message)).toBeUndefined();
});
