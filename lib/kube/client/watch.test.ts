import { expect, test } from '@jest/globals';
import type { Manifest, WatchEvent } from '../cluster.ts';
import { ObjectCache } from './watch.ts';

function object(name: string, resourceVersion: string, uid = name): Manifest {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'n', uid, resourceVersion } };
}
function received(events: WatchEvent[]): string[] {
  return events.map(({ type, object: { metadata } }) => `${type} ${metadata.name} ${metadata.resourceVersion}`);
}

test('a new list is delivered as its differences from the old one', () => {
  const objectCache = new ObjectCache();
  objectCache.replace([object('same', '1'), object('changed', '1'), object('gone', '1')]);

  const events = objectCache.replace([object('same', '1'), object('changed', '2'), object('new', '3')]);

  expect(received(events)).toEqual(['DELETED gone 1', 'MODIFIED changed 2', 'ADDED new 3']);
});

test('an object that was replaced by one of the same name was deleted and added', () => {
  const objectCache = new ObjectCache();
  objectCache.replace([object('a', '1', 'first')]);

  expect(received(objectCache.replace([object('a', '5', 'second')]))).toEqual(['DELETED a 1', 'ADDED a 5']);
});

test('an event that is known already is not delivered again', () => {
  const objectCache = new ObjectCache();
  objectCache.replace([object('a', '1')]);

  expect(received(objectCache.change({ type: 'ADDED', object: object('a', '1') }))).toEqual([]);
  expect(received(objectCache.change({ type: 'ADDED', object: object('a', '2') }))).toEqual(['MODIFIED a 2']);
  expect(received(objectCache.change({ type: 'DELETED', object: object('a', '3') }))).toEqual(['DELETED a 3']);
  expect(received(objectCache.change({ type: 'DELETED', object: object('a', '3') }))).toEqual([]);
});
