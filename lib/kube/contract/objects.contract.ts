import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Manifest, ObjectRef } from '../cluster.ts';
import { type ContractSetup, openSetup } from '../testing/contract-setup.ts';

let setup: ContractSetup;
beforeAll(async () => {
  setup = await openSetup();
});
afterAll(() => setup.close());

function configMap(name: string, data: Record<string, string>, labels: Record<string, string> = {}): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: setup.namespace, labels }, data };
}
function refTo(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: setup.namespace };
}

describe('objects', () => {
  test('the version is the API server’s', async () => {
    expect(await setup.cluster.version()).toMatch(/^v1\.\d+\.\d+/);
  });

  test('apply creates, answers what is stored, and changes what it owns', async () => {
    const created = await setup.cluster.apply(configMap('applied', { a: '1', b: '1' }));
    const changed = await setup.cluster.apply(configMap('applied', { a: '2' }));

    expect(created).toMatchObject({ kind: 'ConfigMap', data: { a: '1', b: '1' } });
    expect(created.metadata.uid).toMatch(/./);
    expect(changed.metadata.uid).toBe(created.metadata.uid);
    expect(changed['data']).toEqual({ a: '2' });
  });

  test('apply takes fields over from other managers', async () => {
    await setup.cluster.create(configMap('taken', { a: '1' }));

    const taken = await setup.cluster.apply(configMap('taken', { a: '2' }));

    expect(taken['data']).toEqual({ a: '2' });
  });

  test('apply refuses a field that the kind does not have', async () => {
    const wrong = { ...configMap('unknown-field', {}), dada: {} };

    await expect(setup.cluster.apply(wrong)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('.dada'),
    });
    expect(await setup.cluster.get(refTo('unknown-field'))).toBeUndefined();
  });

  test('get answers undefined where there is no object', async () => {
    expect(await setup.cluster.get(refTo('nowhere'))).toBeUndefined();
  });

  test('patch merges, and removes what is null', async () => {
    await setup.cluster.apply(configMap('patched', { keep: '1', drop: '1' }));

    const patched = await setup.cluster.patch(refTo('patched'), { data: { drop: null, add: '1' } });

    expect(patched['data']).toEqual({ keep: '1', add: '1' });
  });

  test('patch of an object that does not exist is not-found', async () => {
    await expect(setup.cluster.patch(refTo('nowhere'), { data: {} })).rejects.toMatchObject({
      code: 'not-found',
      status: 404,
      message: expect.stringContaining('configmaps "nowhere" not found'),
    });
  });

  test('patch that names an old version is a conflict, at once', async () => {
    const old = await setup.cluster.apply(configMap('raced', { a: '1' }));
    await setup.cluster.apply(configMap('raced', { a: '2' }));
    const begun = performance.now();

    const late = setup.cluster.patch(refTo('raced'), {
      metadata: { resourceVersion: old.metadata.resourceVersion },
      data: { a: '3' },
    });

    await expect(late).rejects.toMatchObject({ code: 'conflict', status: 409 });
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect((await setup.cluster.get(refTo('raced')))?.['data']).toEqual({ a: '2' });
  });

  test('create of an object that exists is a conflict, at once', async () => {
    await setup.cluster.create(configMap('created', {}));
    const begun = performance.now();

    await expect(setup.cluster.create(configMap('created', {}))).rejects.toMatchObject({
      code: 'conflict',
      status: 409,
      message: expect.stringContaining('already exists'),
    });
    expect(performance.now() - begun).toBeLessThan(1_500);
  });

  test('a field of the wrong type is invalid', async () => {
    const wrong = { ...configMap('wrong', {}), data: { a: true } } as unknown as Manifest;

    await expect(setup.cluster.create(wrong)).rejects.toMatchObject({ code: 'invalid' });
    expect(await setup.cluster.get(refTo('wrong'))).toBeUndefined();
  });

  test('a value that breaks a rule is invalid, and the message names the field', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'wrong', namespace: setup.namespace },
      spec: { ports: [{ port: 70_000 }] },
    };

    await expect(setup.cluster.apply(service)).rejects.toMatchObject({
      code: 'invalid',
      status: 422,
      message: expect.stringContaining('spec.ports[0].port'),
    });
  });

  test('a kind that the cluster does not have is not-found', async () => {
    const unknown = { apiVersion: 'nobody.example/v1', kind: 'Nothing', metadata: { name: 'x' } };

    await expect(setup.cluster.apply(unknown)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('no kind Nothing in nobody.example/v1'),
    });
    expect(await setup.cluster.get({ ...unknown, name: 'x' })).toBeUndefined();
  });

  test('an object of a namespaced kind needs a namespace', async () => {
    const homeless = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'homeless' } };

    await expect(setup.cluster.apply(homeless)).rejects.toMatchObject({ code: 'invalid' });
    await expect(setup.cluster.create(homeless)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('list selects by namespace, label and field', async () => {
    await setup.cluster.apply(configMap('red-1', {}, { colour: 'red' }));
    await setup.cluster.apply(configMap('red-2', {}, { colour: 'red' }));
    await setup.cluster.apply(configMap('blue', {}, { colour: 'blue' }));
    const all = { apiVersion: 'v1', kind: 'ConfigMap', namespace: setup.namespace };

    const red = await setup.cluster.list({ ...all, labelSelector: 'colour=red' });
    const blue = await setup.cluster.list({ ...all, fieldSelector: 'metadata.name=blue' });
    const everywhere = await setup.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', labelSelector: 'colour' });

    expect(red.map(({ metadata }) => metadata.name).sort()).toEqual(['red-1', 'red-2']);
    expect(red[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(blue.map(({ metadata }) => metadata.name)).toEqual(['blue']);
    expect(everywhere.length).toBeGreaterThanOrEqual(3);
  });

  test('delete removes, and an object that does not exist is no error', async () => {
    await setup.cluster.apply(configMap('deleted', {}));

    await setup.cluster.delete(refTo('deleted'));
    await setup.cluster.delete(refTo('deleted'));

    expect(await setup.cluster.get(refTo('deleted'))).toBeUndefined();
  });

  test('a Lease keeps its holder, and its times to the microsecond', async () => {
    const spec = { holderIdentity: 'me', leaseDurationSeconds: 30, renewTime: '2026-01-02T03:04:05.678901Z' };
    const metadata = { name: 'lease', namespace: setup.namespace };

    await setup.cluster.create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
    const lease = await setup.cluster.get({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...metadata });

    expect(lease?.['spec']).toEqual(spec);
  });

  test('raw answers a path’s text', async () => {
    expect(JSON.parse(await setup.cluster.raw('/api/v1'))).toMatchObject({ kind: 'APIResourceList' });
    await expect(setup.cluster.raw('/nothing/here')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('deleting a namespace removes what is in it', async () => {
    const name = `${setup.namespace}-gone`;
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name };
    await setup.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await setup.cluster.apply({ ...configMap('inside', {}), metadata: { name: 'inside', namespace: name } });

    await setup.cluster.delete(namespace);
    await setup.cluster.wait(namespace, (object) => object === undefined, { timeoutMs: 30_000, what: 'gone' });

    expect(await setup.cluster.get({ ...refTo('inside'), namespace: name })).toBeUndefined();
  });
});
