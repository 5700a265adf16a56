import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMap, startTestApi, type TestApi } from './testing/test-api.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
const group = 'rbac.authorization.k8s.io';

let api: TestApi;
let token: string;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'reader' } });
  await api.call('POST', `${rbac}/roles`, {
    metadata: { name: 'reader' },
    rules: [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['get'] },
    ],
  });
  await api.call('POST', `${rbac}/rolebindings`, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: group, kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'reader' }],
  });
  token = await tokenOf('reader');
});
afterAll(() => api.close());

/** Asks for a token with a Secret, which the server fills. */
async function tokenOf(account: string): Promise<string> {
  const secrets = '/api/v1/namespaces/default/secrets';
  const annotations = { 'kubernetes.io/service-account.name': account };
  const secret = { metadata: { name: account, annotations }, type: 'kubernetes.io/service-account-token' };
  await api.call('POST', secrets, secret);
  const { body } = await api.call('GET', `${secrets}/${account}`);
  return Buffer.from((body['data'] as { token: string }).token, 'base64').toString();
}

describe('access', () => {
  test('follows the account’s roles', async () => {
    const read = await api.call('GET', maps, undefined, { token });
    const write = await api.call('POST', maps, configMap('a', {}), { token });
    const elsewhere = await api.call('GET', maps.replace('default', 'kube-system'), undefined, { token });

    expect(read.code).toBe(200);
    expect(write.body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'configmaps is forbidden: User "system:serviceaccount:default:reader" cannot create resource "configmaps" in API group "" in the namespace "default"',
    });
    expect(elsewhere.code).toBe(403);
  });

  test('to one object by its name does not include others', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';

    expect((await api.call('GET', `${secrets}/mine`, undefined, { token })).code).toBe(404);
    expect((await api.call('GET', `${secrets}/other`, undefined, { token })).body.message).toBe(
      'secrets "other" is forbidden: User "system:serviceaccount:default:reader" cannot get resource "secrets" in API group "" in the namespace "default"',
    );
  });

  test('by a role in a namespace includes the namespace itself', async () => {
    const codes = ['default', 'kube-system'].map(
      async (name) => (await api.call('GET', `/api/v1/namespaces/${name}`, undefined, { token })).code,
    );

    expect(await Promise.all(codes)).toEqual([200, 403]);
  });

  test('needs a valid token', async () => {
    const codes = ['', 'strange', `${token.slice(0, -4)}AAAA`].map(
      async (one) => (await api.call('GET', maps, undefined, { token: one })).code,
    );

    expect(await Promise.all(codes)).toEqual([401, 401, 401]);
  });

  test('ends with the account', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await api.call('POST', accounts, { metadata: { name: 'short' } });
    const brief = await tokenOf('short');
    const before = await api.call('GET', maps, undefined, { token: brief });
    await api.call('DELETE', `${accounts}/short`);
    const after = await api.call('GET', maps, undefined, { token: brief });

    expect([before.code, after.code]).toEqual([403, 401]);
  });

  test('is never given in the name of another', async () => {
    const headers = { 'impersonate-user': 'system:serviceaccount:default:reader' };

    expect((await api.call('GET', maps, undefined, { headers })).body).toMatchObject({
      code: 403,
      message: expect.stringContaining('no impersonation'),
    });
  });
});
