import { describe, expect, test } from '@jest/globals';
import { readManifests, readYaml } from './index.ts';

/** A text of less than 1 KiB whose aliases stand for ten to the power of `levels` values. */
function bomb(levels: number): string {
  const lines = Array.from(
    { length: levels },
    (_, n) => `a${n}: &a${n} [${Array(10).fill(n === 0 ? 1 : `*a${n - 1}`)}]`,
  );
  return `${lines.join('\n')}\n`;
}

/** Time limit of a test, ms, also on a slow machine. */
const quick = 30_000;

describe('a text that would take too much time or memory is refused, with its line:', () => {
  test.each([
    ['aliases of aliases', bomb(9), 5, 'the aliases up to this one stand for more than 100,000 values'],
    ['an alias within itself', 'a: 1\nb: &b [*b]\n', 2, '*b is inside of itself'],
    ['an alias within what is within itself', 'a: &a\n  b: &b\n    c: [*a]\n', 3, '*a is inside of itself'],
    ['a merge of itself', 'a: &a\n  <<: *a\n', 2, '*a is inside of itself'],
    ['lists in lists', `a: 1\nb: ${'['.repeat(10_000)}`, 2, 'lists and maps are nested more than 500 deep'],
    ['closed lists in lists', `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}`, 1, 'more than 500 deep'],
    ['maps in maps', `a: ${'{a: '.repeat(10_000)}${'}'.repeat(10_000)}`, 1, 'more than 500 deep'],
    ['list items in list items', `a:\n  ${'- '.repeat(100_000)}`, 2, 'more than 500 deep'],
    [
      'aliases that lead deeper and deeper',
      ['a0: &a0 1', ...Array.from({ length: 600 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}]`)].join('\n'),
      318,
      'stand for more than',
    ],
    ['two megabytes', `a: ${'x'.repeat(3 * 1024 * 1024)}`, 1, 'the text is 4 MiB long; the limit is 2 MiB'],
  ])('%s', (_, text, line, message) => {
    const begun = performance.now();
    const [mistake, ...others] = readYaml(text, { isKubernetes: () => true }).mistakes;
    expect(performance.now() - begun).toBeLessThan(quick);
    expect(others).toEqual([]);
    expect(mistake?.message).toContain(message);
    expect(mistake?.line).toBe(line);
  });

  test.each([
    ['many keys', Array.from({ length: 50_000 }, (_, n) => `k${n}: 1`).join('\n')],
    ['many aliases', `a: &a 1\nb: [${Array(50_000).fill('*a')}]`],
    ['a long placeholder that never ends', `a: "{{${' '.repeat(100_000)}"`],
  ])('but %s are read', (_, text) => {
    const begun = performance.now();
    expect(readYaml(text).mistakes).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(quick);
  });
});

describe('reads Kubernetes objects and other fields by different rules:', () => {
  const text = 'on: 0400\napply: { mode: 0400, key: y, list: [0400] }\nalias: &m 0755\nmerge: { mode: *m }\n';

  test('the same text is another value in each', () => {
    const { value } = readYaml(text, { isKubernetes: ([field]) => field === 'apply' || field === 'merge' });
    expect(value).toEqual({ on: 400, apply: { mode: 256, key: true, list: [256] }, alias: 755, merge: { mode: 493 } });
  });

  test('a field is found by its path, whatever its key would be to Kubernetes', () => {
    const { place } = readYaml('a:\n  9000: x\n  list: [1,\n   2]\n', { isKubernetes: () => true });
    expect(place(['a', '9000'], 'key')).toEqual({ line: 2, column: 3 });
    expect(place(['a', 'list', 1], 'value')).toEqual({ line: 4, column: 4 });
    expect(place(['a', 'none'], 'value')).toEqual({ line: 2, column: 3 });
  });
});

test('a name that objects have by themselves is a field like any other', () => {
  const { value } = readYaml('__proto__: { a: 1 }\nconstructor: 2\n');
  expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
});

test('reads each of several documents, and skips an empty one', () => {
  const [first, second, ...others] = readManifests('---\na: 0400\n---\n---\n# nothing\n---\nb: off\n');
  expect([first?.value, second?.value, others]).toEqual([{ a: 256 }, { b: false }, []]);
});

test('an empty text is nothing', () => {
  expect(readYaml('').value).toBeNull();
  expect(readManifests('# nothing\n')).toEqual([]);
});
