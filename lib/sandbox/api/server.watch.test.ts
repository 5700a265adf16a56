import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Bench, configMap, openBench, type WatchLine } from './testing/bench.ts';

const maps = '/api/v1/namespaces/watched/configmaps';
const merge = { type: 'application/merge-patch+json' };

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
  await bench.call('POST', '/api/v1/namespaces', { metadata: { name: 'watched' } });
});
afterAll(() => bench.close());

const told = (line: WatchLine | undefined) => `${line?.type} ${line?.object.metadata?.name}`;

describe('a watch', () => {
  test('tells what is there, then each change, in order', async () => {
    await bench.call('POST', maps, configMap('early', { a: '1' }, { labels: { set: 'one' } }));
    const watch = await bench.watch(`${maps}?watch=true&labelSelector=set%3Done`);
    const first = await watch.next();
    await bench.call('PATCH', `${maps}/early`, { data: { a: '2' } }, merge);
    await bench.call('DELETE', `${maps}/early`);
    const rest = [await watch.next(), await watch.next()];
    watch.close();

    expect([first, ...rest].map(told)).toEqual(['ADDED early', 'MODIFIED early', 'DELETED early']);
    expect(rest[0]?.object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '2' } });
  });

  test('goes on from a version without a gap', async () => {
    const { body } = await bench.call('GET', maps);
    await bench.call('POST', maps, configMap('between', {}));
    const watch = await bench.watch(`${maps}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
    const line = await watch.next();
    watch.close();

    expect(told(line)).toBe('ADDED between');
  });

  test('from a version that is too old says so', async () => {
    const watch = await bench.watch(`${maps}?watch=true&resourceVersion=1`);
    const line = await watch.next();

    expect(line).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    expect(await watch.next()).toBeUndefined();
  });

  test('sees an object come and go as its labels do', async () => {
    await bench.call('POST', maps, configMap('turning', {}));
    const { body } = await bench.call('GET', maps);
    const watch = await bench.watch(
      `${maps}?watch=1&labelSelector=on&resourceVersion=${body.metadata.resourceVersion}`,
    );
    await bench.call('PATCH', `${maps}/turning`, { metadata: { labels: { on: '' } } }, merge);
    await bench.call('PATCH', `${maps}/turning`, { data: { x: '1' } }, merge);
    await bench.call('PATCH', `${maps}/turning`, { metadata: { labels: { on: null } } }, merge);
    const lines = [await watch.next(), await watch.next(), await watch.next()];
    watch.close();

    expect(lines.map(told)).toEqual(['ADDED turning', 'MODIFIED turning', 'DELETED turning']);
  });

  test('marks the end of what was there for whoever asks', async () => {
    await bench.call('POST', maps, configMap('marked', {}));
    const query = 'watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan';
    const watch = await bench.watch(`${maps}?${query}&fieldSelector=metadata.name%3Dmarked`);
    const lines = [await watch.next(), await watch.next()];
    watch.close();

    expect(lines.map((line) => line?.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(lines[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  test('ends after the time it was given', async () => {
    const watch = await bench.watch(`${maps}?watch=1&timeoutSeconds=0&fieldSelector=metadata.name%3Dnobody`);

    expect(await watch.next()).toBeUndefined();
  });

  test('sends rows to whoever wants a table', async () => {
    const path = `${maps}?watch=1&fieldSelector=metadata.name%3Drow&timeoutSeconds=0`;
    await bench.call('POST', maps, configMap('row', { a: '1' }));
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { text } = await bench.call('GET', path, undefined, { headers: { accept: `${accept},application/json` } });

    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Table', rows: [{ cells: ['row', 1, expect.any(String)] }] },
    });
  });
});
