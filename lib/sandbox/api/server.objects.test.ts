import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { at } from './json.ts';
import { configMap, pod, startTestApi, type TestApi } from './testing/test-api.ts';

const merge = 'application/merge-patch+json';
const apply = 'application/apply-patch+yaml';
const maps = '/api/v1/namespaces/default/configmaps';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

describe('objects', () => {
  test('are created with what only the server knows, and read back', async () => {
    const made = await api.call('POST', maps, configMap('made', { a: '1' }));
    const read = await api.call('GET', `${maps}/made`);

    expect(made.code).toBe(201);
    expect(read.body).toEqual(made.body);
    expect(made.body.metadata).toMatchObject({
      namespace: 'default',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  test('get a name from the beginning that they bring', async () => {
    const made = await api.call('POST', maps, { metadata: { generateName: 'gen-' } });

    expect(made.body.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
  });

  test.each([
    [
      'AlreadyExists',
      409,
      'POST',
      maps,
      configMap('kube-root-ca.crt', {}),
      'configmaps "kube-root-ca.crt" already exists',
    ],
    ['NotFound', 404, 'GET', `${maps}/nope`, undefined, 'configmaps "nope" not found'],
    ['NotFound', 404, 'POST', maps.replace('default', 'nope'), configMap('a', {}), 'namespaces "nope" not found'],
    [
      'NotFound',
      404,
      'GET',
      '/api/v1/namespaces/default/nopes',
      undefined,
      'the server could not find the requested resource',
    ],
    [
      'Invalid',
      422,
      'POST',
      maps,
      configMap('A_b', {}),
      'ConfigMap "A_b" is invalid: metadata.name: "A_b" must be a DNS subdomain',
    ],
    ['Invalid', 422, 'POST', maps, configMap('', {}), 'metadata.name: name or generateName is required'],
    ['Invalid', 422, 'POST', maps, configMap('a', { a: 1 }), 'ConfigMap "a" is invalid: data.a: must be string'],
    [
      'BadRequest',
      400,
      'POST',
      maps,
      configMap('a', {}, { namespace: 'x' }),
      "the object's namespace x is not that of the request, default",
    ],
    ['BadRequest', 400, 'POST', maps, '{"kind":', 'the body is malformed'],
    [
      'BadRequest',
      400,
      'POST',
      `${maps}?fieldValidation=Strict`,
      { ...configMap('a', {}), foo: 1 },
      'strict decoding error: unknown field "foo" (ConfigMap.foo)',
    ],
    ['MethodNotAllowed', 405, 'PUT', maps, configMap('a', {}), 'the server does not allow this method'],
    [
      'Invalid',
      422,
      'POST',
      '/api/v1/namespaces/default/pods',
      { ...pod('p'), spec: { serviceAccountName: 'nope', containers: [{ name: 'a', image: 'b' }] } },
      'serviceaccount "nope" not found',
    ],
  ])('%s is answered with %i', async (reason, code, method, path, body, message) => {
    const answer = await api.call(method, path, body);

    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', reason, code });
    expect(answer.code).toBe(code);
    expect(answer.body.message).toContain(message);
  });

  test('are read as JSON and YAML only', async () => {
    const answer = await api.call('POST', maps, 'k8s', { type: 'application/vnd.kubernetes.protobuf' });

    expect(answer.body).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
  });

  test('are stored without their unknown fields if the request is not strict', async () => {
    const { body } = await api.call('POST', maps, { ...configMap('dropped', { a: '1' }), foo: 1 });

    expect(body['data']).toEqual({ a: '1' });
    expect(body).not.toHaveProperty('foo');
  });

  test('are not stored by a dry run', async () => {
    const answer = await api.call('POST', `${maps}?dryRun=All`, configMap('dry', { a: '1' }));

    expect(answer.code).toBe(201);
    expect((await api.call('GET', `${maps}/dry`)).code).toBe(404);
  });

  test('are patched only if the version is the one that the patch names', async () => {
    const { metadata } = (await api.call('POST', maps, configMap('versioned', { a: '1' }))).body;
    const pinned = { metadata: { resourceVersion: metadata.resourceVersion } };
    const first = await api.call('PATCH', `${maps}/versioned`, { ...pinned, data: { a: '2' } }, { type: merge });
    const second = await api.call('PATCH', `${maps}/versioned`, { ...pinned, data: { a: '3' } }, { type: merge });

    expect(first.code).toBe(200);
    expect(second.body).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(second.body.message).toContain(
      'the object has been modified; please apply your changes to the latest version',
    );
  });

  test('keep their version if nothing changes', async () => {
    const { body } = await api.call('POST', maps, configMap('same', { a: '1' }));
    const again = await api.call('PATCH', `${maps}/same`, { data: { a: '1' } }, { type: merge });

    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  test('are deleted, and not with options that the sandbox does not follow', async () => {
    await api.call('POST', maps, configMap('deleted', {}));
    const refused = await api.call('DELETE', `${maps}/deleted`, { preconditions: { uid: 'other' } });
    const dry = await api.call('DELETE', `${maps}/deleted`, { dryRun: ['All'] });
    const right = await api.call('DELETE', `${maps}/deleted`);

    expect([refused.code, dry.code]).toEqual([400, 400]);
    expect(right.body).toMatchObject({ status: 'Success', details: { name: 'deleted', kind: 'configmaps' } });
  });

  test('with a finalizer stay, marked, until the finalizer is gone', async () => {
    await api.call('POST', maps, configMap('held', {}, { finalizers: ['a.b/c'] }));
    const marked = await api.call('DELETE', `${maps}/held`);
    const freed = await api.call('PATCH', `${maps}/held`, { metadata: { finalizers: null } }, { type: merge });

    expect(marked.body.metadata.deletionTimestamp).toBeDefined();
    expect(freed.code).toBe(200);
    expect((await api.call('GET', `${maps}/held`)).code).toBe(404);
  });

  test('are listed by labels and fields', async () => {
    await api.call('POST', maps, configMap('red', {}, { labels: { colour: 'red' } }));
    await api.call('POST', maps, configMap('blue', {}, { labels: { colour: 'blue' } }));
    const names = async (query: string) =>
      (await api.call('GET', `${maps}?${query}`)).body.items.map(({ metadata }) => metadata.name);
    const list = await api.call('GET', maps);

    expect(await names('labelSelector=colour%20in%20(red,green)')).toEqual(['red']);
    expect(await names('fieldSelector=metadata.name%3Dblue')).toEqual(['blue']);
    expect(list.body).toMatchObject({
      kind: 'ConfigMapList',
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
    });
  });

  test('come as a table to a client that asks for one', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const { body } = await api.call('GET', '/api/v1/namespaces', undefined, { headers: { accept } });

    expect(body).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'Status' }, { name: 'Age' }],
      rows: expect.arrayContaining([expect.objectContaining({ cells: ['default', 'Active', expect.any(String)] })]),
    });
  });
});

describe('discovery', () => {
  test('names groups, versions and kinds', async () => {
    const groups = await api.call('GET', '/apis');
    const core = await api.call('GET', '/api/v1');

    expect(groups.body['groups']).toContainEqual(expect.objectContaining({ name: 'apps' }));
    expect(core.body['resources']).toContainEqual(
      expect.objectContaining({ name: 'pods', kind: 'Pod', namespaced: true, shortNames: ['po'] }),
    );
    expect((await api.call('GET', '/apis/nope')).code).toBe(404);
  });

  test('offers what kubectl reads before it applies an object', async () => {
    const index = await api.call('GET', '/openapi/v3');
    const apps = await api.call('GET', at(index.body, 'paths', 'apis/apps/v1', 'serverRelativeURL') as string);

    expect(at(apps.body, 'paths', '/deployments/{name}', 'patch')).toMatchObject({
      'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
      parameters: [{ name: 'dryRun' }, { name: 'fieldValidation' }],
    });
  });
});

describe('server-side apply', () => {
  test('creates, takes over the fields of others, and removes what its manager no longer applies', async () => {
    const as = (manager: string, data: object) =>
      api.call('PATCH', `${maps}/applied?fieldManager=${manager}`, configMap('applied', { ...data }), { type: apply });
    const first = await as('one', { a: '1', b: '1' });
    const second = await as('two', { a: '2' });
    const third = await as('one', { c: '3' });

    expect([first.code, second.code]).toEqual([201, 200]);
    expect(second.body['data']).toEqual({ a: '2', b: '1' });
    expect(third.body['data']).toEqual({ c: '3' });
  });

  test('refuses unknown fields and values of the wrong type, and does nothing in a dry run', async () => {
    const path = (name: string, query = '') => `${maps}/${name}?fieldManager=m${query}`;
    const unknown = { ...configMap('strict', {}), dada: {} };
    const refused = await api.call('PATCH', path('strict'), unknown, { type: apply });
    const mistyped = await api.call('PATCH', path('strict'), configMap('strict', { a: 1 }), { type: apply });
    const dry = await api.call('PATCH', path('strict', '&dryRun=All'), configMap('strict', {}), { type: apply });

    expect(refused.body).toMatchObject({ code: 400, message: expect.stringContaining('unknown field "dada"') });
    expect(mistyped.body).toMatchObject({ code: 422, message: expect.stringContaining('data.a: must be string') });
    expect(dry.code).toBe(201);
    expect((await api.call('GET', `${maps}/strict`)).code).toBe(404);
  });

  test('takes YAML, and needs a manager', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata:\n  a: "1"\n';
    const made = await api.call('PATCH', `${maps}/yaml?fieldManager=m`, yaml, { type: apply });
    const unnamed = await api.call('PATCH', `${maps}/yaml`, yaml, { type: apply });

    expect(made.body['data']).toEqual({ a: '1' });
    expect(unnamed.body).toMatchObject({ code: 422, message: expect.stringContaining('fieldManager: is required') });
  });
});

describe('subresources', () => {
  test('do not include the status, which a request leaves as it is', async () => {
    const { body } = await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'split' } });
    const namespace = '/api/v1/namespaces/split';
    const patched = await api.call('PATCH', namespace, { status: { phase: 'Odd' } }, { type: merge });

    expect(patched.body['status']).toEqual(body['status']);
    expect((await api.call('PATCH', `${namespace}/status`, {}, { type: merge })).code).toBe(404);
  });

  test('exist only for their own kind', async () => {
    await api.call('POST', '/api/v1/namespaces/default/pods', pod('logged'));

    expect((await api.call('GET', '/api/v1/namespaces/default/pods/logged/log')).text).toBe('');
    expect((await api.call('GET', '/api/v1/namespaces/default/configmaps/logged/log')).code).toBe(404);
  });
});

describe('Services', () => {
  const services = '/api/v1/namespaces/default/services';
  const service = (name: string, spec: object = {}) => ({
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });

  test('get an address of their own from the cluster’s range, and keep it', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map((name) => api.call('POST', services, service(name))));
    const again = await api.call('PATCH', `${services}/a`, { spec: { selector: { app: 'a' } } }, { type: merge });
    const addressOf = (answer: typeof again | undefined) => at(answer?.body, 'spec', 'clusterIP');

    expect(addressOf(a)).toMatch(/^10\.96\.\d+\.\d+$/);
    expect(addressOf(b)).not.toBe(addressOf(a));
    expect(addressOf(again)).toBe(addressOf(a));
  });

  test('cannot take an address of another', async () => {
    const first = await api.call('POST', services, service('fixed', { clusterIP: '10.96.200.1' }));
    const taken = await api.call('POST', services, service('late', { clusterIP: '10.96.200.1' }));

    expect(first.code).toBe(201);
    expect(taken.body).toMatchObject({
      code: 422,
      message: expect.stringContaining('10.96.200.1 is taken'),
    });
  });

  test('that are headless have no address', async () => {
    const headless = await api.call('POST', services, service('headless', { clusterIP: 'None' }));

    expect(headless.body['spec']).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
  });
});
