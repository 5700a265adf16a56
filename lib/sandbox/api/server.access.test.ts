import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Bench, configMap, openBench } from './testing/bench.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
const api = 'rbac.authorization.k8s.io';

let bench: Bench;
let token: string;
beforeAll(async () => {
  bench = await openBench();
  await bench.call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'reader' } });
  await bench.call('POST', `${rbac}/roles`, {
    metadata: { name: 'reader' },
    rules: [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['get'] },
    ],
  });
  await bench.call('POST', `${rbac}/rolebindings`, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: api, kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'reader' }],
  });
  const answer = await bench.call('POST', '/api/v1/namespaces/default/serviceaccounts/reader/token', { spec: {} });
  token = (answer.body['status'] as { token: string }).token;
});
afterAll(() => bench.close());

describe('access', () => {
  test('is what the account’s roles grant', async () => {
    const read = await bench.call('GET', maps, undefined, { token });
    const write = await bench.call('POST', maps, configMap('a', {}), { token });
    const elsewhere = await bench.call('GET', maps.replace('default', 'kube-system'), undefined, { token });

    expect(read.code).toBe(200);
    expect(write.body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'configmaps is forbidden: User "system:serviceaccount:default:reader" cannot create resource "configmaps" in API group "" in the namespace "default"',
    });
    expect(elsewhere.code).toBe(403);
  });

  test('to one object by its name is to no other', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';

    expect((await bench.call('GET', `${secrets}/mine`, undefined, { token })).code).toBe(404);
    expect((await bench.call('GET', `${secrets}/other`, undefined, { token })).body.message).toBe(
      'secrets "other" is forbidden: User "system:serviceaccount:default:reader" cannot get resource "secrets" in API group "" in the namespace "default"',
    );
  });

  test('without a token is nobody’s, with a strange one refused', async () => {
    const none = await bench.call('GET', maps, undefined, { token: '' });
    const strange = await bench.call('GET', maps, undefined, { token: 'strange' });
    const forged = await bench.call('GET', maps, undefined, { token: `${token.slice(0, -4)}AAAA` });

    expect(none.body).toMatchObject({
      code: 403,
      message: expect.stringContaining('User "system:anonymous" cannot list'),
    });
    expect([strange.code, forged.code]).toEqual([401, 401]);
  });

  test('ends with the account', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await bench.call('POST', accounts, { metadata: { name: 'short' } });
    const answer = await bench.call('POST', `${accounts}/short/token`, { spec: {} });
    const brief = (answer.body['status'] as { token: string }).token;
    const before = await bench.call('GET', maps, undefined, { token: brief });
    await bench.call('DELETE', `${accounts}/short`);
    const after = await bench.call('GET', maps, undefined, { token: brief });

    expect([before.code, after.code]).toEqual([403, 401]);
  });

  test('may be asked about, also in another’s name', async () => {
    const review = (verb: string) => ({
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb, resource: 'configmaps', namespace: 'default' } },
    });
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const headers = { 'impersonate-user': 'system:serviceaccount:default:reader' };
    const answers = ['get', 'delete'].map((verb) => bench.call('POST', path, review(verb), { headers }));
    const [get, remove] = await Promise.all(answers);

    expect(get?.body['status']).toEqual({ allowed: true });
    expect(remove?.body['status']).toEqual({ allowed: false });
    expect((await bench.call('GET', maps, undefined, { token, headers: { 'impersonate-user': 'root' } })).code).toBe(
      403,
    );
  });

  test('comes with a Secret that asks for a lasting token', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';
    await bench.call('POST', secrets, {
      metadata: { name: 'lasting', annotations: { 'kubernetes.io/service-account.name': 'reader' } },
      type: 'kubernetes.io/service-account-token',
    });
    const { body } = await bench.call('GET', `${secrets}/lasting`);
    const data = body['data'] as Record<string, string>;
    const lasting = Buffer.from(data['token'] ?? '', 'base64').toString();

    expect(Buffer.from(data['namespace'] ?? '', 'base64').toString()).toBe('default');
    expect((await bench.call('GET', maps, undefined, { token: lasting })).code).toBe(200);
  });
});
