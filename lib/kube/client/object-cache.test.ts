import { expect, test } from '@jest/globals';
import type { Manifest, WatchEvent } from '../cluster.ts';
import { ObjectCache } from './watch.ts';

function object(name: string, resourceVersion: string, uid = name): Manifest {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'n', uid, resourceVersion } };
}
function told(events: WatchEvent[]): string[] {
  return events.map(({ type, object: { metadata } }) => `${type} ${metadata.name} ${metadata.resourceVersion}`);
}

test('a new list is told as what differs from the old object cache', () => {
  const objectCache = new ObjectCache();
  objectCache.replace([object('same', '1'), object('changed', '1'), object('gone', '1')]);

  const events = objectCache.replace([object('same', '1'), object('changed', '2'), object('new', '3')]);

  expect(told(events)).toEqual(['DELETED gone 1', 'MODIFIED changed 2', 'ADDED new 3']);
});

test('an object that was replaced by one of the same name was deleted and added', () => {
  const objectCache = new ObjectCache();
  objectCache.replace([object('a', '1', 'first')]);

  expect(told(objectCache.replace([object('a', '5', 'second')]))).toEqual(['DELETED a 1', 'ADDED a 5']);
});

test('an event that is known already is not told again', () => {
  const objectCache = new ObjectCache();
  objectCache.replace([object('a', '1')]);

  expect(told(objectCache.change({ type: 'ADDED', object: object('a', '1') }))).toEqual([]);
  expect(told(objectCache.change({ type: 'ADDED', object: object('a', '2') }))).toEqual(['MODIFIED a 2']);
  expect(told(objectCache.change({ type: 'DELETED', object: object('a', '3') }))).toEqual(['DELETED a 3']);
  expect(told(objectCache.change({ type: 'DELETED', object: object('a', '3') }))).toEqual([]);
});
