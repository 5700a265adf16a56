import { describe, expect, test } from '@jest/globals';
import { age } from './columns.ts';
import { compileJsonPath } from './json-path.ts';

describe('an age', () => {
  test.each([
    [5, '5s'],
    [119, '119s'],
    [150, '2m30s'],
    [3600, '60m'],
    [3 * 3600 + 720, '3h12m'],
    [30 * 3600, '30h'],
    [5 * 86400, '5d'],
  ])('of %i seconds is written %s', (seconds, text) => {
    expect(age(new Date(Date.now() - seconds * 1000).toISOString())).toBe(text);
  });
});

describe('a printer column’s path', () => {
  const object = {
    spec: { on: true, ports: [1, 2], 'a-b': 'x' },
    metadata: { annotations: { 'a.b/c': 'y' } },
    status: {
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'Up', status: 'True' },
      ],
    },
  };

  test.each([
    ['.spec.on', true],
    ['.spec.ports[1]', 2],
    ['.spec.ports[*]', 1],
    ['.spec.a-b', 'x'],
    ["['metadata']['annotations']['a.b/c']", 'y'],
    ['.status.conditions[?(@.type=="Up")].status', 'True'],
    ['.spec.nope.deeper', undefined],
  ])('%s', (path, value) => {
    expect(compileJsonPath(path)(object)).toEqual(value);
  });
});
