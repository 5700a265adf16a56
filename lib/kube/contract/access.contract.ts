import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cluster, Manifest } from '../cluster.ts';
import { type ContractSetup, openSetup } from '../testing/contract-setup.ts';

let setup: ContractSetup;
let nobody: Cluster;
beforeAll(async () => {
  setup = await openSetup();
  const { namespace } = setup;
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'nobody', namespace } };
  await setup.cluster.apply(account);
  const annotations = { 'kubernetes.io/service-account.name': 'nobody' };
  const secret = { apiVersion: 'v1', kind: 'Secret', name: 'nobody', namespace };
  await setup.cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secret.name, namespace, annotations },
    type: 'kubernetes.io/service-account-token',
  });
  const filled = await setup.cluster.wait(secret, (object) => tokenOf(object) !== undefined, {
    timeoutMs: 10_000,
    what: 'filled with a token',
  });
  const token = tokenOf(filled) ?? '';
  nobody = await connectWithToken(Buffer.from(token, 'base64').toString());
});
afterAll(() => setup.close());

function tokenOf(secret: Manifest | undefined): string | undefined {
  return (secret?.['data'] as { token?: string } | undefined)?.token;
}
function connectWithToken(token: string): Promise<Cluster> {
  return setup.connectWith((config) => {
    for (const entry of config.users) entry.user = { token };
  });
}

describe('access', () => {
  test('a denied permission names verb and resource, at once', async () => {
    const begun = performance.now();
    const reading = nobody.get({ apiVersion: 'v1', kind: 'Secret', name: 'nobody', namespace: setup.namespace });
    await expect(reading).rejects.toMatchObject({
      code: 'forbidden',
      status: 403,
      message: expect.stringContaining('cannot get resource "secrets"'),
    });

    const metadata = { name: 'denied', namespace: setup.namespace };
    await expect(nobody.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata })).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('cannot patch resource "configmaps"'),
    });
    await expect(nobody.list({ apiVersion: 'v1', kind: 'Pod' })).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('cannot list resource "pods"'),
    });
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  test('a wait that may not watch ends at once', async () => {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: setup.namespace };

    const wait = nobody.wait(ref, () => false, { timeoutMs: 30_000, what: 'there' });

    await expect(wait).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('an exec that is not permitted is a fault that names verb and resource', async () => {
    const target = await setup.pod('guarded', 'exec sleep 3600');

    const result = await nobody.exec(target, ['true'], { timeoutMs: 10_000 });

    expect(result).toEqual({
      stdout: '',
      stderr: '',
      fault: expect.stringMatching(/cannot (create|get) resource "pods\/exec"/),
    });
  });

  test('a token that is not the cluster’s is not accepted', async () => {
    const stranger = await connectWithToken('stranger');

    await expect(stranger.list({ apiVersion: 'v1', kind: 'Pod' })).rejects.toMatchObject({
      code: 'forbidden',
      status: 401,
    });
  });
});

describe('close', () => {
  test('ends requests and waits, and refuses new ones', async () => {
    const client = await setup.connectWith(() => undefined);
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: setup.namespace };
    const wait = client.wait(ref, () => false, { timeoutMs: 30_000, what: 'there' });

    client.close();
    client.close();

    await expect(wait).rejects.toMatchObject({ code: 'aborted' });
    await expect(client.get(ref)).rejects.toMatchObject({ code: 'aborted' });
  });
});
