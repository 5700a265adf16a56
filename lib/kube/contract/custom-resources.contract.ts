import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Manifest, ObjectRef } from '../cluster.ts';
import { type ContractSetup, openSetup } from '../testing/contract-setup.ts';

const group = `contract-${randomBytes(4).toString('hex')}.example.com`;
const crd: ObjectRef = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: `toggles.${group}`,
};

let setup: ContractSetup;
beforeAll(async () => {
  setup = await openSetup();
});
afterAll(async () => {
  await setup.cluster.delete(crd);
  await setup.close();
});

function toggle(name: string, spec: Record<string, unknown>): Manifest {
  return { apiVersion: `${group}/v1`, kind: 'Toggle', metadata: { name, namespace: setup.namespace }, spec };
}
function refTo(name: string): ObjectRef {
  return { apiVersion: `${group}/v1`, kind: 'Toggle', name, namespace: setup.namespace };
}
const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['on'],
      properties: { on: { type: 'boolean' }, level: { type: 'integer', minimum: 1 } },
    },
  },
};
function isEstablished(object: Manifest | undefined): boolean {
  const status = object?.['status'] as { conditions?: { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false;
}

describe('custom resources', () => {
  test('a kind is known as soon as its definition is established, though it was asked for before', async () => {
    expect(await setup.cluster.get(refTo('first'))).toBeUndefined();

    await setup.cluster.apply({
      apiVersion: crd.apiVersion,
      kind: crd.kind,
      metadata: { name: crd.name },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind: 'Toggle', listKind: 'ToggleList', plural: 'toggles', singular: 'toggle' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    });
    await setup.cluster.wait(crd, isEstablished, { timeoutMs: 10_000, what: 'established' });
    const stored = await setup.cluster.apply(toggle('first', { on: true }));

    expect(stored['spec']).toEqual({ on: true });
    expect(await setup.cluster.list({ apiVersion: `${group}/v1`, kind: 'Toggle' })).toHaveLength(1);
  });

  test('a value that is no boolean is invalid by apply, create and patch, and changes nothing', async () => {
    await setup.cluster.apply(toggle('strict', { on: true }));
    const refusal = { code: 'invalid', message: expect.stringMatching(/spec\.on|boolean/) };

    await expect(setup.cluster.apply(toggle('strict', { on: 'yes' }))).rejects.toMatchObject(refusal);
    await expect(setup.cluster.create(toggle('other', { on: 'yes' }))).rejects.toMatchObject(refusal);
    await expect(setup.cluster.patch(refTo('strict'), { spec: { on: 'yes' } })).rejects.toMatchObject(refusal);

    expect((await setup.cluster.get(refTo('strict')))?.['spec']).toEqual({ on: true });
    expect(await setup.cluster.get(refTo('other'))).toBeUndefined();
  });

  test('required fields and bounds are enforced', async () => {
    await expect(setup.cluster.create(toggle('empty', {}))).rejects.toMatchObject({ code: 'invalid' });
    await expect(setup.cluster.create(toggle('low', { on: true, level: 0 }))).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('spec.level'),
    });
  });

  test('a field that the schema does not have is refused', async () => {
    await setup.cluster.apply(toggle('typo', { on: true }));

    await expect(setup.cluster.patch(refTo('typo'), { spec: { no: true } })).rejects.toMatchObject({ code: 'invalid' });
  });

  test('merge patch switches a value, and null removes one', async () => {
    await setup.cluster.apply(toggle('switched', { on: true, level: 2 }));

    const patched = await setup.cluster.patch(refTo('switched'), { spec: { on: false, level: null } });

    expect(patched['spec']).toEqual({ on: false });
  });

  test('deleting the definition deletes its objects and the kind', async () => {
    await setup.cluster.delete(crd);
    await setup.cluster.wait(crd, (object) => object === undefined, { timeoutMs: 30_000, what: 'gone' });

    expect(await setup.cluster.get(refTo('first'))).toBeUndefined();
  });
});
