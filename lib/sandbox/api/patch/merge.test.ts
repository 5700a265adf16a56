import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../errors.ts';
import { builtin } from '../schema.ts';
import { strategicPatch } from './merge.ts';

const podSpec = builtin('PodSpec');

describe('a strategic merge patch', () => {
  test('merges containers by name, and their variables by name', () => {
    const target = { containers: [{ name: 'a', image: 'i:1', env: [{ name: 'X', value: '1' }] }, { name: 'b' }] };
    const patch = { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] };

    expect(strategicPatch(target, patch, podSpec)).toEqual({
      containers: [
        {
          name: 'a',
          image: 'i:1',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
        { name: 'b' },
      ],
    });
    expect(target.containers[0]).toEqual({ name: 'a', image: 'i:1', env: [{ name: 'X', value: '1' }] });
  });

  test('deletes a marked item', () => {
    const target = { containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
    const patch = {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }],
      containers: [{ name: 'b', $patch: 'delete' }],
    };

    expect(strategicPatch(target, patch, podSpec)).toEqual({ containers: [{ name: 'a' }, { name: 'c' }] });
  });

  test('replaces atomic lists', () => {
    const atomic = strategicPatch(
      { containers: [{ name: 'a', args: ['x'] }] },
      { containers: [{ name: 'a', args: ['y'] }] },
      podSpec,
    );
    expect(atomic).toEqual({ containers: [{ name: 'a', args: ['y'] }] });
  });

  test('removes a field by null, and single values from a list of values', () => {
    const metadata = builtin('ObjectMeta');
    const target = { labels: { a: '1', b: '2' }, finalizers: ['x/y', 'z/w'] };
    const patch = { labels: { a: null }, '$deleteFromPrimitiveList/finalizers': ['x/y'], finalizers: ['n/m'] };

    expect(strategicPatch(target, patch, metadata)).toEqual({ labels: { b: '2' }, finalizers: ['z/w', 'n/m'] });
  });

  test('is refused if an item lacks its key', () => {
    expect(() => strategicPatch({ containers: [] }, { containers: [{ image: 'i' }] }, podSpec)).toThrow(ApiError);
  });
});
