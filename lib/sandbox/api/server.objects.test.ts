import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { at } from './json.ts';
import { type Bench, configMap, deployment, openBench, pod } from './testing/bench.ts';

const merge = 'application/merge-patch+json';
const apply = 'application/apply-patch+yaml';
const maps = '/api/v1/namespaces/default/configmaps';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

describe('objects', () => {
  test('are created with what only the server knows, and read back', async () => {
    const made = await bench.call('POST', maps, configMap('made', { a: '1' }));
    const read = await bench.call('GET', `${maps}/made`);

    expect(made.code).toBe(201);
    expect(read.body).toEqual(made.body);
    expect(made.body.metadata).toMatchObject({
      namespace: 'default',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  test('get a name of their own where they bring its beginning only', async () => {
    const made = await bench.call('POST', maps, { metadata: { generateName: 'gen-' } });

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
      'ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b"',
    ],
    [
      'Invalid',
      422,
      'POST',
      maps,
      configMap('', {}),
      'metadata.name: Required value: name or generateName is required',
    ],
    [
      'BadRequest',
      400,
      'POST',
      maps,
      configMap('a', { a: 1 }),
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ],
    [
      'BadRequest',
      400,
      'POST',
      maps,
      configMap('a', {}, { namespace: 'x' }),
      'the namespace of the provided object does not match',
    ],
    ['BadRequest', 400, 'POST', maps, '{"kind":', 'json parse error'],
    [
      'BadRequest',
      400,
      'POST',
      `${maps}?fieldValidation=Strict`,
      { ...configMap('a', {}), foo: 1 },
      'strict decoding error: unknown field "foo"',
    ],
    ['MethodNotAllowed', 405, 'PUT', maps, configMap('a', {}), 'the server does not allow this method'],
    [
      'Forbidden',
      403,
      'POST',
      '/api/v1/namespaces/default/pods',
      { ...pod('p'), spec: { serviceAccountName: 'nope', containers: [{ name: 'a', image: 'b' }] } },
      'serviceaccount "nope" not found',
    ],
  ])('%s is answered with %i', async (reason, code, method, path, body, message) => {
    const answer = await bench.call(method, path, body);

    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', reason, code });
    expect(answer.code).toBe(code);
    expect(answer.body.message).toContain(message);
  });

  test('with unknown fields are stored without them, and the writer is warned', async () => {
    const answer = await bench.call('POST', maps, { ...configMap('warned', { a: '1' }), foo: 1 });

    expect(answer.warning).toBe('299 - "unknown field \\"foo\\""');
    expect(answer.body).not.toHaveProperty('foo');
  });

  test('are not stored by a dry run', async () => {
    const answer = await bench.call('POST', `${maps}?dryRun=All`, configMap('dry', { a: '1' }));

    expect(answer.code).toBe(201);
    expect((await bench.call('GET', `${maps}/dry`)).code).toBe(404);
  });

  test('are replaced only where the version is the one that was read', async () => {
    const { body } = await bench.call('POST', maps, configMap('versioned', { a: '1' }));
    const first = await bench.call('PUT', `${maps}/versioned`, { ...body, data: { a: '2' } });
    const second = await bench.call('PUT', `${maps}/versioned`, { ...body, data: { a: '3' } });

    expect(first.code).toBe(200);
    expect(second.body).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(second.body.message).toContain(
      'the object has been modified; please apply your changes to the latest version',
    );
  });

  test('that do not change keep their version', async () => {
    const { body } = await bench.call('POST', maps, configMap('same', { a: '1' }));
    const again = await bench.call('PATCH', `${maps}/same`, { data: { a: '1' } }, { type: merge });

    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  test('are deleted where the precondition holds', async () => {
    const { body } = await bench.call('POST', maps, configMap('deleted', {}));
    const wrong = await bench.call('DELETE', `${maps}/deleted`, { preconditions: { uid: 'other' } });
    const right = await bench.call('DELETE', `${maps}/deleted`, { preconditions: { uid: body.metadata.uid } });

    expect(wrong.code).toBe(409);
    expect(right.body).toMatchObject({ status: 'Success', details: { name: 'deleted', kind: 'configmaps' } });
  });

  test('with a finalizer stay, marked, until it is gone', async () => {
    await bench.call('POST', maps, configMap('held', {}, { finalizers: ['a.b/c'] }));
    const marked = await bench.call('DELETE', `${maps}/held`);
    const freed = await bench.call('PATCH', `${maps}/held`, { metadata: { finalizers: null } }, { type: merge });

    expect(marked.body.metadata.deletionTimestamp).toBeDefined();
    expect(freed.code).toBe(200);
    expect((await bench.call('GET', `${maps}/held`)).code).toBe(404);
  });

  test('are listed by labels and fields, with the version of the list', async () => {
    await bench.call('POST', maps, configMap('red', {}, { labels: { colour: 'red' } }));
    await bench.call('POST', maps, configMap('blue', {}, { labels: { colour: 'blue' } }));
    const names = async (query: string) =>
      (await bench.call('GET', `${maps}?${query}`)).body.items.map(({ metadata }) => metadata.name);
    const list = await bench.call('GET', maps);

    expect(await names('labelSelector=colour%20in%20(red,green)')).toEqual(['red']);
    expect(await names('fieldSelector=metadata.name%3Dblue')).toEqual(['blue']);
    expect(list.body).toMatchObject({
      kind: 'ConfigMapList',
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
    });
  });

  test('come as a table to whoever asks for one', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const { body } = await bench.call('GET', '/api/v1/namespaces', undefined, { headers: { accept } });

    expect(body).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'Status' }, { name: 'Age' }],
      rows: expect.arrayContaining([expect.objectContaining({ cells: ['default', 'Active', expect.any(String)] })]),
    });
  });
});

describe('server-side apply', () => {
  test('creates, refuses another manager’s value, and takes it by force', async () => {
    const path = (manager: string, force = '') => `${maps}/applied?fieldManager=${manager}${force}`;
    const first = await bench.call('PATCH', path('one'), configMap('applied', { a: '1' }), { type: apply });
    const second = await bench.call('PATCH', path('two'), configMap('applied', { a: '2' }), { type: apply });
    const third = await bench.call('PATCH', path('two', '&force=true'), configMap('applied', { a: '2' }), {
      type: apply,
    });

    expect(first.code).toBe(201);
    expect(second.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }] },
    });
    expect(third.body['data']).toEqual({ a: '2' });
  });

  test('takes YAML, and needs a manager', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata:\n  a: "1"\n';
    const made = await bench.call('PATCH', `${maps}/yaml?fieldManager=m`, yaml, { type: apply });
    const unnamed = await bench.call('PATCH', `${maps}/yaml`, yaml, { type: apply });

    expect(made.body['data']).toEqual({ a: '1' });
    expect(unnamed.body).toMatchObject({ code: 422, message: expect.stringContaining('fieldManager: Required value') });
  });
});

describe('subresources', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';

  test('keep status and specification apart', async () => {
    const { body } = await bench.call('POST', '/api/v1/namespaces', { metadata: { name: 'split' } });
    const namespace = '/api/v1/namespaces/split';
    const main = await bench.call('PATCH', namespace, { status: { phase: 'Odd' } }, { type: merge });
    const status = await bench.call(
      'PATCH',
      `${namespace}/status`,
      { status: { phase: 'Odd' }, metadata: { labels: { a: 'b' } } },
      { type: merge },
    );

    expect(main.body['status']).toEqual(body['status']);
    expect(status.body['status']).toEqual({ phase: 'Odd' });
    expect(status.body.metadata.labels).not.toHaveProperty('a');
  });

  test('scale a workload through the shape that all kinds share', async () => {
    await bench.call('POST', deployments, deployment('scaled', 'slow:1', 1));
    const scaled = await bench.call('PATCH', `${deployments}/scaled/scale`, { spec: { replicas: 3 } }, { type: merge });
    const read = await bench.call('GET', `${deployments}/scaled/scale`);

    expect(scaled.body).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
    expect(read.body).toMatchObject({ apiVersion: 'autoscaling/v1', status: { selector: 'app=scaled' } });
    expect((await bench.call('GET', `${deployments}/scaled`)).body['spec']).toMatchObject({ replicas: 3 });
  });
});

describe('Services', () => {
  const services = '/api/v1/namespaces/default/services';
  const service = (name: string, spec: object = {}) => ({
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });

  test('get an address of their own from the cluster’s range, and keep it', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map((name) => bench.call('POST', services, service(name))));
    const again = await bench.call('PUT', `${services}/a`, service('a', { selector: { app: 'a' } }));
    const addressOf = (answer: typeof again | undefined) => at(answer?.body, 'spec', 'clusterIP');

    expect(addressOf(a)).toMatch(/^10\.96\.\d+\.\d+$/);
    expect(addressOf(b)).not.toBe(addressOf(a));
    expect(addressOf(again)).toBe(addressOf(a));
  });

  test('cannot have one that is taken, nor change it', async () => {
    const first = await bench.call('POST', services, service('fixed', { clusterIP: '10.96.200.1' }));
    const taken = await bench.call('POST', services, service('late', { clusterIP: '10.96.200.1' }));
    const moved = await bench.call(
      'PATCH',
      `${services}/fixed`,
      { spec: { clusterIP: '10.96.200.2' } },
      { type: merge },
    );

    expect(first.code).toBe(201);
    expect(taken.body).toMatchObject({
      code: 422,
      message: expect.stringContaining('provided IP is already allocated'),
    });
    expect(moved.body).toMatchObject({ code: 422, message: expect.stringContaining('may not change once set') });
  });

  test('without an address, and by another name, have none', async () => {
    const headless = await bench.call('POST', services, service('headless', { clusterIP: 'None' }));
    const alias = await bench.call('POST', services, {
      metadata: { name: 'alias' },
      spec: { type: 'ExternalName', externalName: 'a.b' },
    });

    expect(headless.body['spec']).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    expect(alias.body['spec']).not.toHaveProperty('clusterIP');
  });
});
