import { describe, expect, test } from '@jest/globals';
import { Store } from './store.ts';

const object = (name: string, value = 1) => ({
  apiVersion: 'v1',
  kind: 'K',
  metadata: { name, namespace: 'n' },
  value,
});

describe('the store', () => {
  test('counts a revision with every change, a deletion’s too', () => {
    const store = new Store();
    const first = store.put('ks', object('a'));
    const second = store.put('ks', object('a', 2));
    const gone = store.remove('ks', 'n', 'a');
    const versions = [first, second, gone].map((one) => Number(one?.metadata.resourceVersion));

    expect(versions).toEqual([versions[0], (versions[0] ?? 0) + 1, (versions[0] ?? 0) + 2]);
    expect(store.get('ks', 'n', 'a')).toBeUndefined();
  });

  test('returns what came after a revision, as long as it is stored', () => {
    const store = new Store(3);
    const start = store.revision;
    for (const name of ['a', 'b', 'c']) store.put('ks', object(name));
    store.put('others', object('x'));

    expect(store.since('ks', start)).toBeUndefined();
    expect(store.since('ks', start + 1)?.map((change) => change.object.metadata.name)).toEqual(['b', 'c']);
  });

  test('delivers changes in order to all listeners, also those that a listener makes', () => {
    const store = new Store();
    const heard: string[] = [];
    store.subscribe('ks', ({ object: { metadata } }) => {
      if (metadata.name === 'a') store.put('ks', object('b'));
    });
    store.subscribe('ks', ({ object: { metadata } }) => heard.push(metadata.name));

    store.put('ks', object('a'));

    expect(heard).toEqual(['a', 'b']);
  });

  test('does not deliver to a new listener what is stored already', () => {
    const store = new Store();
    const heard: string[] = [];
    store.subscribe('ks', ({ object: { metadata } }) => {
      if (metadata.name !== 'a') return;
      store.put('ks', object('b'));
      store.subscribe('ks', (change) => heard.push(change.object.metadata.name));
    });

    store.put('ks', object('a'));
    store.put('ks', object('c'));

    expect(heard).toEqual(['c']);
  });

  test('lists by namespace and name', () => {
    const store = new Store();
    for (const [namespace, name] of [
      ['z', 'a'],
      ['n', 'b'],
      ['n', 'a'],
    ] as const)
      store.put('ks', { ...object(name), metadata: { name, namespace } });

    expect(store.list('ks').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      'n/a',
      'n/b',
      'z/a',
    ]);
    expect(store.list('ks', 'z')).toHaveLength(1);
  });
});
