import { expect, it } from '@jest/globals';
import { Command } from 'commander';
import { optionRows } from '../options/index.ts';
import { addOptions, commandLineLayer } from './command-line.ts';

function given(...words: string[]): Record<string, unknown> {
  const command = addOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  command.parse(words, { from: 'user' });
  return Object.fromEntries(commandLineLayer(command).values);
}

it('knows only what is on the command line', () => {
  expect(given()).toEqual({});
});

it('collects repeated options and splits comma lists', () => {
  expect(given('--suite', 'a,b', '--suite', 'c', '--set', 'x=1,2', '--set', 'y=z', '--image', 'curl=r/c:1')).toEqual({
    suite: ['a', 'b', 'c'],
    set: ['x=1,2', 'y=z'],
    image: ['curl=r/c:1'],
  });
});

it('has both forms of each switch, so that the command line can override a file', () => {
  expect(given('--keep', '--no-install')).toEqual({ keep: true, install: false });
  expect(given('--no-keep', '--install')).toEqual({ keep: false, install: true });
});

it('reads numbers and durations', () => {
  expect(given('--deadline', '1h30m', '--timeout-scale', '2.5', '--retries', '2')).toEqual({
    deadline: 5_400_000,
    'timeout-scale': 2.5,
    retries: 2,
  });
});

it.each([
  ['--image', 'crul=x', '--image: unknown role "crul"; did you mean "curl"? (allowed: curl, httpbin, tcp-echo)'],
  ['--image', 'curl=', '--image: curl has no image reference'],
  ['--set', 'x', '--set must be KEY=VALUE, not "x"'],
  ['--deadline', '20', '--deadline must be a duration such as 90s, 20m or 1h30m, from 1s to 168h, not "20"'],
  ['--repeat', '0', '--repeat must be a whole number from 1 to 1000, not "0"'],
  ['--retries', '-1', '--retries must be a whole number from 0 to 100, not "-1"'],
  ['--timeout-scale', '999999999', '--timeout-scale must be a number from 0.1 to 100, not "999999999"'],
  ['--timeout-scale', 'NaN', '--timeout-scale must be a number from 0.1 to 100, not "NaN"'],
  // Node's timers end at once beyond 596 h.
  ['--deadline', '600h', '--deadline must be a duration such as 90s, 20m or 1h30m, from 1s to 168h, not "600h"'],
  ['--suite', ',', '--suite must be a name, or several, not ","'],
  ['--mesh', '', '--mesh must be a text that is not empty, not ""'],
])('refuses %s %s', (option, value, message) => {
  expect(() => given(option, value)).toThrow(expect.objectContaining({ name: 'UsageError', message }));
});

it.each([
  [['--mesh', 'osm', '--mesh', 'none'], '--mesh is given twice with different values, one of them "none": choose one'],
  [['--keep', '--no-keep'], '--keep and --no-keep contradict each other'],
  [['--no-install', '--install'], '--no-install and --install contradict each other'],
])('refuses %j, of which one would be ignored', (words, message) => {
  expect(() => given(...words)).toThrow(expect.objectContaining({ name: 'UsageError', message }));
});

it('accepts the same value twice', () => {
  expect(given('--mesh', 'osm', '--mesh=osm', '--keep', '--keep')).toEqual({ mesh: 'osm', keep: true });
});

it('has help for every option', () => {
  const help = addOptions(new Command()).helpInformation();
  for (const row of optionRows) expect(help).toContain(`--${row.default === true ? 'no-' : ''}${row.name}`);
  expect(help).not.toContain('--no-keep');
});
