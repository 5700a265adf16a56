import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ViewEvent } from '../contract.ts';
import { startTestApi, type TestApi } from './testing/test-api.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const settings = '/apis/example.com/v1/namespaces/default/settings';
const merge = { type: 'application/merge-patch+json' };
const kind = { apiVersion: 'example.com/v1', kind: 'Setting' };

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'settings.example.com' },
  spec: {
    group: 'example.com',
    names: { kind: 'Setting', plural: 'settings', shortNames: ['set'] },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { permissive: { type: 'boolean' }, mode: { type: 'string', default: 'a' } },
              },
              status: { type: 'object', properties: { ok: { type: 'boolean' } } },
            },
          },
        },
      },
      {
        name: 'v1alpha1',
        served: true,
        storage: false,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
      { name: 'v0', served: false, storage: false, schema: { openAPIV3Schema: { type: 'object' } } },
    ],
  },
};
const setting = (name: string, spec: object) => ({ ...kind, metadata: { name }, spec });

let api: TestApi;
const seen: string[] = [];
beforeAll(async () => {
  api = await startTestApi();
  api.view.watch(kind, ({ type, object }: ViewEvent) => seen.push(`${type} ${object.metadata.name}`));
  await api.call('POST', definitions, definition);
});
afterAll(() => api.close());

describe('a custom resource definition', () => {
  test('is established at once, with the versions that it serves', async () => {
    const { body } = await api.call('GET', `${definitions}/settings.example.com`);
    const group = await api.call('GET', '/apis/example.com');
    const resources = await api.call('GET', '/apis/example.com/v1');

    expect(body['status']).toMatchObject({
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'Established', status: 'True' })]),
    });
    expect(group.body).toMatchObject({
      preferredVersion: { version: 'v1' },
      versions: [{ version: 'v1' }, { version: 'v1alpha1' }],
    });
    expect(resources.body['resources']).toMatchObject([{ name: 'settings', shortNames: ['set'] }]);
    expect((await api.call('GET', settings.replace('/v1/', '/v0/'))).code).toBe(404);
  });

  test('has its objects validated, completed with defaults, and without unknown fields', async () => {
    const made = await api.call('POST', settings, setting('one', { permissive: true, nope: 1 }));
    const wrong = await api.call('PATCH', `${settings}/one`, { spec: { permissive: 'yes' } }, merge);

    expect(made.body['spec']).toEqual({ permissive: true, mode: 'a' });
    expect(wrong.body).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'Setting.example.com "one" is invalid: spec.permissive: must be boolean',
    });
    expect(seen).toEqual(['ADDED one']);
  });

  test('counts changes of the specification, and keeps the status apart', async () => {
    const { body } = await api.call('POST', settings, setting('two', { permissive: true }));
    const spec = await api.call(
      'PATCH',
      `${settings}/two`,
      { spec: { permissive: false }, status: { ok: false } },
      merge,
    );

    expect([body, spec.body].map(({ metadata }) => metadata.generation)).toEqual([1, 2]);
    expect(spec.body).not.toHaveProperty('status');
  });

  test('shows an object in each version', async () => {
    await api.call('POST', settings, setting('three', {}));
    const other = await api.call('GET', `${settings.replace('/v1/', '/v1alpha1/')}/three`);

    expect(other.body.apiVersion).toBe('example.com/v1alpha1');
  });

  test('refuses a strategic merge patch', async () => {
    const answer = await api.call('PATCH', `${settings}/one`, {}, { type: 'application/strategic-merge-patch+json' });

    expect(answer.body).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
  });

  test('is deleted with its objects', async () => {
    await api.call('DELETE', `${definitions}/settings.example.com`);
    await api.until(
      { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: 'settings.example.com' },
      (object) => object === undefined,
    );

    expect((await api.call('GET', settings)).code).toBe(404);
    expect(seen.slice(-3).sort()).toEqual(['DELETED one', 'DELETED three', 'DELETED two']);
  });

  test.each([
    ['a name that does not fit', { metadata: { name: 'other' } }, 'must be spec.names.plural + "." + spec.group'],
    [
      'no storage version',
      { spec: { ...definition.spec, versions: definition.spec.versions.slice(1) } },
      'must have exactly one version with storage: true',
    ],
  ])('is refused with %s', async (_what, change, message) => {
    const answer = await api.call('POST', definitions, { ...definition, ...change });

    expect(answer.body).toMatchObject({ code: 422, message: expect.stringContaining(message) });
  });
});

describe('admission', () => {
  test('changes what is created, and denies with its own message', async () => {
    const injecting = await startTestApi(({ object, operation, namespace }) => {
      if (object.kind !== 'ConfigMap' || operation !== 'CREATE') return object;
      if (object.metadata.name === 'bad') throw new Error('not here');
      return { ...object, data: { from: namespace?.metadata.name } };
    });
    const maps = '/api/v1/namespaces/default/configmaps';
    const good = await injecting.call('POST', maps, { metadata: { name: 'good' } });
    const bad = await injecting.call('POST', maps, { metadata: { name: 'bad' } });
    await injecting.close();

    expect(good.body['data']).toEqual({ from: 'default' });
    expect(bad.body).toMatchObject({ code: 403, message: expect.stringContaining('denied the request: not here') });
  });
});
