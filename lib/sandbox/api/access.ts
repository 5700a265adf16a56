/** Who sends a request, and what the stored roles and bindings let that user do. */
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError, forbidden, qualified } from './errors.ts';
import type { RequestTarget } from './http/request.ts';
import { at, type Fields, fieldsOf, itemsOf, stringsOf, textOf } from './json.ts';
import type { Store } from './store.ts';

const administrator = 'kubernetes-admin';
const suffix = 'rbac.authorization.k8s.io';

/** The type of a Secret with a ServiceAccount's token, and its annotations. */
export const tokenSecret = {
  type: 'kubernetes.io/service-account-token',
  name: 'kubernetes.io/service-account.name',
  uid: 'kubernetes.io/service-account.uid',
};

/**
 * Finds the user of a request.
 * @param token - the administrator's
 * @throws ApiError 401 without a valid token, 403 for impersonation
 */
export function authenticate(
  { authorization = '', ...others }: IncomingHttpHeaders,
  token: string,
  store: Store,
): string {
  const given = /^Bearer (.+)$/i.exec(authorization)?.[1]?.trim() ?? '';
  const user = given === token ? administrator : accountWith(store, given);
  if (user === undefined) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
  // Without this error the request would have more rights than its sender wants.
  if (others['impersonate-user'] !== undefined)
    throw new ApiError(403, 'Forbidden', 'the sandbox has no impersonation: use a token of the ServiceAccount');
  return user;
}

/** The account whose token a Secret has; undefined for an unknown token and for one whose account is gone. */
function accountWith(store: Store, token: string): string | undefined {
  const encoded = Buffer.from(token).toString('base64');
  const secret = store
    .list('secrets')
    .find((one) => one['type'] === tokenSecret.type && at(one, 'data', 'token') === encoded);
  const { namespace = '', annotations = {} } = secret?.metadata ?? {};
  const account = store.get('serviceaccounts', namespace, annotations[tokenSecret.name] ?? '');
  if (account === undefined || account.metadata.uid !== annotations[tokenSecret.uid]) return undefined;
  return accountName(namespace, account.metadata.name);
}

function accountName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** @throws ApiError 403 if no role lets the user do what a request asks for */
export function authorize(store: Store, user: string, target: RequestTarget): void {
  const { verb, group, plural, subresource, name } = target;
  const resource = subresource === '' ? plural : `${plural}/${subresource}`;
  // Roles in a namespace cover the namespace itself.
  const namespace = qualified(target) === 'namespaces' ? name : target.namespace;
  if (user === administrator || isAllowed(store, user, { verb, group, resource, namespace, name })) return;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  throw forbidden(
    target,
    name,
    `User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
  );
}

interface Wanted {
  verb: string;
  group: string;
  resource: string;
  namespace: string;
  name: string;
}

function isAllowed(store: Store, user: string, wanted: Wanted): boolean {
  const bindings = [
    ...store.list(`clusterrolebindings.${suffix}`),
    ...(wanted.namespace === '' ? [] : store.list(`rolebindings.${suffix}`, wanted.namespace)),
  ];
  return bindings.some(
    (binding) =>
      itemsOf(binding['subjects']).some((subject) => isSubject(subject, user, binding.metadata.namespace ?? '')) &&
      rulesOf(store, fieldsOf(binding['roleRef']), wanted.namespace).some((rule) => covers(rule, wanted)),
  );
}

function isSubject({ kind, name, ...subject }: Fields, user: string, namespace: string): boolean {
  if (kind !== 'ServiceAccount') return kind === 'User' && name === user;
  return user === accountName(textOf(subject['namespace']) || namespace, textOf(name));
}

function rulesOf(store: Store, { kind, name }: Fields, namespace: string): Fields[] {
  const [plural, home] = kind === 'ClusterRole' ? ['clusterroles', ''] : ['roles', namespace];
  return itemsOf(store.get(`${plural}.${suffix}`, home, textOf(name))?.['rules']);
}

function covers(rule: Fields, wanted: Wanted): boolean {
  const has = (field: string, value: string): boolean => {
    const listed = stringsOf(rule[field]);
    return listed.includes('*') || listed.includes(value);
  };
  const names = stringsOf(rule['resourceNames']);
  return (
    has('verbs', wanted.verb) &&
    has('apiGroups', wanted.group) &&
    has('resources', wanted.resource) &&
    (names.length === 0 || names.includes(wanted.name))
  );
}
