import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMap, startTestApi, type TestApi, type WatchLine } from './testing/test-api.ts';

const maps = '/api/v1/namespaces/watched/configmaps';
const merge = { type: 'application/merge-patch+json' };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'watched' } });
});
afterAll(() => api.close());

const told = (line: WatchLine | undefined) => `${line?.type} ${line?.object.metadata?.name}`;

describe('a watch', () => {
  test('sends the objects that are there, then each change, in order', async () => {
    await api.call('POST', maps, configMap('early', { a: '1' }, { labels: { set: 'one' } }));
    const watch = await api.watch(`${maps}?watch=true&labelSelector=set%3Done`);
    const first = await watch.next();
    await api.call('PATCH', `${maps}/early`, { data: { a: '2' } }, merge);
    await api.call('DELETE', `${maps}/early`);
    const rest = [await watch.next(), await watch.next()];
    watch.close();

    expect([first, ...rest].map(told)).toEqual(['ADDED early', 'MODIFIED early', 'DELETED early']);
    expect(rest[0]?.object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '2' } });
  });

  test('continues from a version without a gap', async () => {
    const { body } = await api.call('GET', maps);
    await api.call('POST', maps, configMap('between', {}));
    const watch = await api.watch(`${maps}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
    const line = await watch.next();
    watch.close();

    expect(told(line)).toBe('ADDED between');
  });

  test('from a version that is too old ends with an error', async () => {
    const watch = await api.watch(`${maps}?watch=true&resourceVersion=1`);
    const line = await watch.next();

    expect(line).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    expect(await watch.next()).toBeUndefined();
  });

  test('adds and deletes an object as its labels change', async () => {
    await api.call('POST', maps, configMap('turning', {}));
    const { body } = await api.call('GET', maps);
    const watch = await api.watch(`${maps}?watch=1&labelSelector=on&resourceVersion=${body.metadata.resourceVersion}`);
    await api.call('PATCH', `${maps}/turning`, { metadata: { labels: { on: '' } } }, merge);
    await api.call('PATCH', `${maps}/turning`, { data: { x: '1' } }, merge);
    await api.call('PATCH', `${maps}/turning`, { metadata: { labels: { on: null } } }, merge);
    const lines = [await watch.next(), await watch.next(), await watch.next()];
    watch.close();

    expect(lines.map(told)).toEqual(['ADDED turning', 'MODIFIED turning', 'DELETED turning']);
  });

  test('ends after its time limit', async () => {
    const watch = await api.watch(`${maps}?watch=1&timeoutSeconds=0&fieldSelector=metadata.name%3Dnobody`);

    expect(await watch.next()).toBeUndefined();
  });

  test('sends rows to a client that wants a table', async () => {
    const path = `${maps}?watch=1&fieldSelector=metadata.name%3Drow&timeoutSeconds=0`;
    await api.call('POST', maps, configMap('row', { a: '1' }));
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { text } = await api.call('GET', path, undefined, { headers: { accept: `${accept},application/json` } });

    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Table', rows: [{ cells: ['row', expect.any(String)] }] },
    });
  });
});
