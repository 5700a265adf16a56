import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pod, startTestApi, type TestApi } from './testing/test-api.ts';

const pods = '/api/v1/namespaces/default/pods';
const log = `${pods}/talker/log`;
const ref = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name });

let api: TestApi;
let uid: string;
beforeAll(async () => {
  api = await startTestApi();
  const { body } = await api.call('POST', pods, pod('talker'));
  uid = body.metadata.uid ?? '';
  await api.until(ref('talker'), (object) => JSON.stringify(object?.['status'] ?? {}).includes('running'));
  for (const second of [1, 2, 3])
    api.kubelet.log(uid, 'main', `line ${second}`, new Date(`2026-01-01T00:00:0${second}.500Z`));
});
afterAll(() => api.close());

describe('a log', () => {
  test.each([
    ['', 'line 1\nline 2\nline 3\n'],
    ['?tailLines=1', 'line 3\n'],
    ['?tailLines=0', ''],
    ['?sinceTime=2026-01-01T00:00:02Z', 'line 2\nline 3\n'],
    ['?sinceSeconds=5', ''],
    ['?tailLines=1&timestamps=true', '2026-01-01T00:00:03.500000000Z line 3\n'],
    ['?container=main&tailLines=1', 'line 3\n'],
  ])('%s', async (query, expected) => {
    expect((await api.call('GET', log + query)).text).toBe(expected);
  });

  test('is followed, line by line', async () => {
    const lines = await api.lines(`${log}?follow=true&tailLines=1`);
    const first = await lines.next();
    api.kubelet.log(uid, 'main', 'late');
    const second = await lines.next();
    lines.close();

    expect([first, second]).toEqual(['line 3', 'late']);
  });

  test.each([
    ['?container=nope', 400, 'container nope is not valid for pod talker'],
    ['?previous=true', 400, 'previous terminated container "main" in pod "talker" not found'],
  ])('%s is refused', async (query, code, message) => {
    const { body } = await api.call('GET', log + query);

    expect(body).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('is refused for a container that never started, and for one that is not named', async () => {
    const two = {
      containers: [
        { name: 'a', image: 'i' },
        { name: 'b', image: 'i' },
      ],
    };
    await api.call('POST', pods, { metadata: { name: 'two' }, spec: two });
    await api.call('POST', pods, pod('unpulled', 'missing:1'));
    await api.until(ref('unpulled'), (object) => JSON.stringify(object?.['status'] ?? {}).includes('ErrImagePull'));

    expect((await api.call('GET', `${pods}/two/log`)).body.message).toBe(
      'a container name must be specified for pod two, choose one of: [a b]',
    );
    expect((await api.call('GET', `${pods}/unpulled/log`)).body.message).toContain('is waiting to start');
  });
});
