import { expect, it } from '@jest/globals';
import { coloursFor } from './colours.ts';

const red = '\u001b[31mx\u001b[39m';

it.each<[{ isTTY: boolean }, NodeJS.ProcessEnv, string]>([
  [{ isTTY: true }, {}, red],
  [{ isTTY: true }, { NO_COLOR: '' }, red],
  [{ isTTY: true }, { NO_COLOR: '1' }, 'x'],
  [{ isTTY: true }, { TERM: 'dumb' }, 'x'],
  [{ isTTY: false }, {}, 'x'],
  [{ isTTY: false }, { CI: 'true', FORCE_COLOR: '1' }, 'x'],
])('colours %j with %j', (stream, environment, text) => {
  expect(coloursFor(stream, environment).red('x')).toBe(text);
});
