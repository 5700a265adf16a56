import { expect, test } from '@jest/globals';
import { keepSecret } from '../words/index.ts';
import { coloursFor, withoutColours } from './colours.ts';
import { print, printJson } from './output.ts';

function written(isTTY: boolean, act: (stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>) => void): string {
  let text = '';
  const write = (part: string | Uint8Array): boolean => {
    text += part;
    return true;
  };
  act({ isTTY, write });
  return text;
}

const hostile = 'a\u202eb\x1b[8mc\rd\n';

test('spells out the hidden characters of a message', () => {
  expect(written(false, (stream) => print(hostile, stream))).toBe('a\\u202eb\\e[8mc\\rd\n');
  expect(written(false, (stream) => print('\x1b[31mx', stream))).toBe('\\e[31mx');
});

test('keeps its own colours on a terminal, and no other sequence', () => {
  const red = coloursFor({ isTTY: true }, {}).red('x');
  const text = written(true, (stream) => print(red + hostile, stream, {}));
  expect(withoutColours(text)).toBe('xa\\u202eb\\e[8mc\\rd\n');
});

test('prints JSON of the same value in visible characters', () => {
  const json = written(false, (stream) => printJson({ hostile }, stream));
  expect(json).not.toContain('\u202e');
  expect(JSON.parse(json)).toEqual({ hostile });
});

test('leaves out secrets that the process knows', () => {
  keepSecret('out-put-7q');
  expect(written(false, (stream) => print('x out-put-7q', stream))).toBe('x [redacted]');
  expect(written(false, (stream) => printJson('out-put-7q', stream))).toBe('"[redacted]"\n');
});
