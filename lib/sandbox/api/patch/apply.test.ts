import { describe, expect, test } from '@jest/globals';
import type { Fields } from '../json.ts';
import { builtin } from '../schema.ts';
import { applyPatch } from './apply.ts';

const schema = builtin('Deployment');

function deployment(replicas: number | undefined, containers: Fields[]): Fields {
  return { spec: { ...(replicas === undefined ? {} : { replicas }), template: { spec: { containers } } } };
}

describe('server-side apply', () => {
  test('merges containers by name, and leaves what it does not apply', () => {
    const live = deployment(1, [{ name: 'x', image: 'i:1', workingDir: '/w' }]);
    const wanted = deployment(undefined, [
      { name: 'y', image: 'j:1' },
      { name: 'x', image: 'i:2' },
    ]);

    expect(applyPatch(live, wanted, {}, schema)).toEqual(
      deployment(1, [
        { name: 'x', image: 'i:2', workingDir: '/w' },
        { name: 'y', image: 'j:1' },
      ]),
    );
    expect(live).toEqual(deployment(1, [{ name: 'x', image: 'i:1', workingDir: '/w' }]));
  });

  test('removes what was applied before and no longer is', () => {
    const before = deployment(1, [
      { name: 'x', image: 'i:1' },
      { name: 'y', image: 'j:1', workingDir: '/w' },
    ]);
    const wanted = deployment(undefined, [{ name: 'y', image: 'j:1' }]);

    expect(applyPatch(before, wanted, before, schema)).toEqual(deployment(undefined, [{ name: 'y', image: 'j:1' }]));
  });

  test('removes maps that become empty, and keeps the fields of others in them', () => {
    const live = { metadata: { labels: { a: '1' }, annotations: { a: '1', b: '2' } } };
    const before = { metadata: { labels: { a: '1' }, annotations: { a: '1' } } };

    expect(applyPatch(live, { metadata: {} }, before, schema)).toEqual({ metadata: { annotations: { b: '2' } } });
  });

  test('replaces atomic maps and lists', () => {
    const live = { spec: { selector: { matchLabels: { a: '1' } } } };
    const wanted = { spec: { selector: { matchLabels: { b: '2' } } } };

    expect(applyPatch(live, wanted, {}, schema)).toEqual(wanted);
  });

  test('merges sets by value', () => {
    const live = { metadata: { finalizers: ['a/a', 'b/b'] } };
    const before = { metadata: { finalizers: ['a/a'] } };

    expect(applyPatch(live, { metadata: { finalizers: ['c/c'] } }, before, schema)).toEqual({
      metadata: { finalizers: ['b/b', 'c/c'] },
    });
  });

  test('distinguishes ports by protocol, which is TCP by default', () => {
    const live = {
      spec: {
        ports: [
          { port: 53, protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
      },
    };
    const wanted = { spec: { ports: [{ port: 53, name: 'dns' }] } };

    expect(applyPatch(live, wanted, {}, builtin('Service'))).toEqual({
      spec: {
        ports: [
          { port: 53, protocol: 'TCP', name: 'dns' },
          { port: 53, protocol: 'UDP' },
        ],
      },
    });
  });
});
