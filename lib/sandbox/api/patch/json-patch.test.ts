import { describe, expect, test } from '@jest/globals';
import { jsonPatch, PatchMisfit } from './json-patch.ts';
import { mergePatch } from './merge.ts';

describe('a JSON patch', () => {
  const target = { a: { 'x/y': 1 }, list: [1, 2, 3] };

  test('performs its operations in order, on a copy', () => {
    const result = jsonPatch(target, [
      { op: 'replace', path: '/a/x~1y', value: 2 },
      { op: 'add', path: '/list/1', value: 9 },
      { op: 'add', path: '/list/-', value: 4 },
      { op: 'remove', path: '/list/0' },
      { op: 'move', from: '/a', path: '/b' },
      { op: 'copy', from: '/b', path: '/c' },
      { op: 'test', path: '/c', value: { 'x/y': 2 } },
    ]);

    expect(result).toEqual({ list: [9, 2, 3, 4], b: { 'x/y': 2 }, c: { 'x/y': 2 } });
    expect(target).toEqual({ a: { 'x/y': 1 }, list: [1, 2, 3] });
  });

  test.each([
    [{ op: 'remove', path: '/nope' }],
    [{ op: 'replace', path: '/nope', value: 1 }],
    [{ op: 'add', path: '/list/9', value: 1 }],
    [{ op: 'test', path: '/list/0', value: 2 }],
    [{ op: 'add', path: '/no/where', value: 1 }],
  ])('does not fit: %j', (operation) => {
    expect(() => jsonPatch(target, [operation])).toThrow(PatchMisfit);
  });
});

describe('a JSON merge patch', () => {
  test('merges objects, removes by null, replaces everything else', () => {
    const target = { a: { b: 1, c: 2 }, list: [1, 2] };

    expect(mergePatch(target, { a: { b: null, d: { e: null, f: 1 } }, list: [3] })).toEqual({
      a: { c: 2, d: { f: 1 } },
      list: [3],
    });
    expect(target).toEqual({ a: { b: 1, c: 2 }, list: [1, 2] });
  });
});
