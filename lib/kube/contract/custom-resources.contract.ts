import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Manifest, ObjectRef } from '../cluster.ts';
import { type Bench, openBench } from './bench.ts';

const group = `contract-${randomBytes(4).toString('hex')}.example.com`;
const crd: ObjectRef = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: `toggles.${group}`,
};

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench.cluster.delete(crd);
  await bench.close();
});

function toggle(name: string, spec: Record<string, unknown>): Manifest {
  return { apiVersion: `${group}/v1`, kind: 'Toggle', metadata: { name, namespace: bench.namespace }, spec };
}
function refTo(name: string): ObjectRef {
  return { apiVersion: `${group}/v1`, kind: 'Toggle', name, namespace: bench.namespace };
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
    expect(await bench.cluster.get(refTo('first'))).toBeUndefined();

    await bench.cluster.apply({
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
    await bench.cluster.wait(crd, isEstablished, { timeoutMs: 10_000, what: 'established' });
    const stored = await bench.cluster.apply(toggle('first', { on: true }));

    expect(stored['spec']).toEqual({ on: true });
    expect(await bench.cluster.list({ apiVersion: `${group}/v1`, kind: 'Toggle' })).toHaveLength(1);
  });

  test('a value that is no boolean is invalid by apply, create and patch, and changes nothing', async () => {
    await bench.cluster.apply(toggle('strict', { on: true }));
    const refusal = { code: 'invalid', message: expect.stringMatching(/spec\.on|boolean/) };

    await expect(bench.cluster.apply(toggle('strict', { on: 'yes' }))).rejects.toMatchObject(refusal);
    await expect(bench.cluster.create(toggle('other', { on: 'yes' }))).rejects.toMatchObject(refusal);
    await expect(bench.cluster.patch(refTo('strict'), { spec: { on: 'yes' } })).rejects.toMatchObject(refusal);

    expect((await bench.cluster.get(refTo('strict')))?.['spec']).toEqual({ on: true });
    expect(await bench.cluster.get(refTo('other'))).toBeUndefined();
  });

  test('required fields and bounds are enforced', async () => {
    await expect(bench.cluster.create(toggle('empty', {}))).rejects.toMatchObject({ code: 'invalid' });
    await expect(bench.cluster.create(toggle('low', { on: true, level: 0 }))).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('spec.level'),
    });
  });

  test('a field that the schema does not have is refused', async () => {
    await bench.cluster.apply(toggle('typo', { on: true }));

    await expect(bench.cluster.patch(refTo('typo'), { spec: { no: true } })).rejects.toMatchObject({ code: 'invalid' });
  });

  test('merge patch switches a value, and null removes one', async () => {
    await bench.cluster.apply(toggle('switched', { on: true, level: 2 }));

    const patched = await bench.cluster.patch(refTo('switched'), { spec: { on: false, level: null } });

    expect(patched['spec']).toEqual({ on: false });
  });

  test('deleting the definition deletes its objects and the kind', async () => {
    await bench.cluster.delete(crd);
    await bench.cluster.wait(crd, (object) => object === undefined, { timeoutMs: 30_000, what: 'gone' });

    expect(await bench.cluster.get(refTo('first'))).toBeUndefined();
  });
});
