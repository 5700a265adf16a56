import { describe, expect, test } from '@jest/globals';
import type { Fields } from '../json.ts';
import { builtin } from '../schema/index.ts';
import { applyIntent } from './apply.ts';
import { afterUpdate, type Manager } from './managers.ts';
import { leavesOf } from './paths.ts';
import { fromTree, toTree } from './tree.ts';
import { checkTyped } from './typed.ts';

const schema = builtin('io.k8s.api.apps.v1.Deployment');
const time = '2026-01-01T00:00:00Z';
const by = (name: string) => ({ name, operation: 'Apply' as const, apiVersion: 'apps/v1', subresource: '' });
const forced = { schema, isForced: true, time };
const careful = { schema, isForced: false, time };

function deployment(replicas: number | undefined, containers: Fields[]): Fields {
  return { spec: { ...(replicas === undefined ? {} : { replicas }), template: { spec: { containers } } } };
}

function applied(name: string, intent: Fields, live: Fields = {}, managers: Manager[] = []) {
  return applyIntent(live, intent, managers, by(name), careful);
}

describe('server-side apply', () => {
  test('merges containers by name and leaves what others own', () => {
    const first = applied('a', deployment(1, [{ name: 'x', image: 'i:1' }]));
    const second = applied('b', deployment(undefined, [{ name: 'y', image: 'j:1' }]), first.object, first.managers);

    expect(second.object).toEqual(
      deployment(1, [
        { name: 'x', image: 'i:1' },
        { name: 'y', image: 'j:1' },
      ]),
    );
  });

  test('refuses another manager’s field with another value, naming both', () => {
    const first = applied('a', deployment(1, [{ name: 'x', image: 'i:1' }]));
    const attempt = () => applied('b', deployment(2, [{ name: 'x', image: 'i:1' }]), first.object, first.managers);

    expect(attempt).toThrow('Apply failed with 1 conflict: conflict with "a": .spec.replicas');
  });

  test('shares a field where both say the same', () => {
    const intent = deployment(1, [{ name: 'x', image: 'i:1' }]);
    const first = applied('a', intent);
    const second = applied('b', intent, first.object, first.managers);
    const third = applied('a', deployment(undefined, [{ name: 'x', image: 'i:1' }]), second.object, second.managers);

    expect(third.object).toEqual(intent);
  });

  test('takes a field by force, and it is the other’s no longer', () => {
    const first = applied('a', deployment(1, [{ name: 'x', image: 'i:1' }]));
    const second = applyIntent(first.object, deployment(2, []), first.managers, by('b'), forced);
    const third = applied('a', deployment(undefined, [{ name: 'x', image: 'i:1' }]), second.object, second.managers);

    expect(third.object).toEqual(deployment(2, [{ name: 'x', image: 'i:1' }]));
  });

  test('removes what its manager no longer says and nobody else owns', () => {
    const first = applied(
      'a',
      deployment(1, [
        { name: 'x', image: 'i:1' },
        { name: 'y', image: 'j:1' },
      ]),
    );
    const second = applied('a', deployment(undefined, [{ name: 'y', image: 'j:1' }]), first.object, first.managers);

    expect(second.object).toEqual(deployment(undefined, [{ name: 'y', image: 'j:1' }]));
  });

  test('keeps an item that another manager has fields in', () => {
    const first = applied('a', deployment(undefined, [{ name: 'x', image: 'i:1' }]));
    const second = applied('b', deployment(undefined, [{ name: 'x', workingDir: '/w' }]), first.object, first.managers);
    const third = applied('a', deployment(1, []), second.object, second.managers);

    expect(third.object).toEqual(deployment(1, [{ name: 'x', workingDir: '/w' }]));
  });

  test('tells ports apart by the protocol that is theirs when they do not say', () => {
    const service = builtin('io.k8s.api.core.v1.Service');
    const live = {
      spec: {
        ports: [
          { port: 53, protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
      },
    };
    const intent = { spec: { ports: [{ port: 53, name: 'dns' }] } };
    const { object } = applyIntent(live, intent, [], by('a'), { ...careful, schema: service });

    expect(object).toEqual({
      spec: {
        ports: [
          { port: 53, protocol: 'TCP', name: 'dns' },
          { port: 53, protocol: 'UDP' },
        ],
      },
    });
  });

  test.each([
    [{ spec: { replicas: 'two' } }, '.spec.replicas: expected numeric (int or float), got string'],
    [{ spec: { nope: 1 } }, '.spec.nope: field not declared in schema'],
    [{ spec: { paused: 'yes' } }, '.spec.paused: expected boolean, got &{yes}'],
    [
      deployment(1, [{ name: 'x' }, { name: 'x' }]),
      '.spec.template.spec.containers: duplicate entries for key [name="x"]',
    ],
  ])('reads strictly: %j', (intent, problem) => {
    const whole = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, ...intent };

    expect(() => checkTyped(whole, schema)).toThrow(
      `failed to create typed patch object (/d; apps/v1, Kind=Deployment): ${problem}`,
    );
  });
});

describe('field ownership', () => {
  test('passes to whoever changes a field by an update', () => {
    const before = deployment(1, [{ name: 'x', image: 'i:1' }]);
    const first = applied('a', before);
    const after = deployment(2, [{ name: 'x', image: 'i:1' }]);
    const updater = { ...by('u'), operation: 'Update' as const };
    const managers = afterUpdate(first.managers, updater, leavesOf(before, schema), leavesOf(after, schema), time);

    expect(managers.find(({ name }) => name === 'u')?.paths).toEqual(new Set(['["f:spec","f:replicas"]']));
    expect(() => applied('a', before, after, managers)).toThrow('conflict with "u" using apps/v1: .spec.replicas');
  });

  test('is written as a tree and read back', () => {
    const paths = new Set(leavesOf(deployment(1, [{ name: 'x', image: 'i:1' }]), schema).keys());

    expect(fromTree(toTree(paths))).toEqual(paths);
    expect(toTree(paths)).toMatchObject({
      'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"x"}': { '.': {}, 'f:image': {} } } } } },
    });
  });
});
