/** Role-based access control over the stored roles and bindings. */
import { ApiError, forbidden } from '../errors.ts';
import { type Fields, fieldsOf, itemsOf, stringsOf, textOf } from '../json.ts';
import type { Store } from '../store.ts';
import type { User } from './user.ts';

/** What a user wants to do: to an object, or to a path that is none. */
export interface Attributes {
  verb: string;
  group: string;
  /** Plural, with a subresource as `pods/exec`; '' for a plain path. */
  resource: string;
  namespace: string;
  name: string;
  path: string;
}

const suffix = 'rbac.authorization.k8s.io';

export function isAllowed(store: Store, user: User, wanted: Attributes): boolean {
  if (user.groups.includes('system:masters')) return true;
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

function isSubject(subject: Fields, user: User, namespace: string): boolean {
  const name = textOf(subject['name']);
  switch (subject['kind']) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    default:
      return user.name === `system:serviceaccount:${textOf(subject['namespace']) || namespace}:${name}`;
  }
}

function rulesOf(store: Store, role: Fields, namespace: string): Fields[] {
  const name = textOf(role['name']);
  const found =
    role['kind'] === 'ClusterRole'
      ? store.get(`clusterroles.${suffix}`, '', name)
      : store.get(`roles.${suffix}`, namespace, name);
  return itemsOf(found?.['rules']);
}

function covers(rule: Fields, wanted: Attributes): boolean {
  const has = (field: string, value: string): boolean => {
    const listed = stringsOf(rule[field]);
    return listed.includes('*') || listed.includes(value);
  };
  if (!has('verbs', wanted.verb)) return false;
  if (wanted.resource === '')
    return stringsOf(rule['nonResourceURLs']).some(
      (path) => path === wanted.path || (path.endsWith('*') && wanted.path.startsWith(path.slice(0, -1))),
    );
  const names = stringsOf(rule['resourceNames']);
  const [, subresource] = wanted.resource.split('/');
  const isListed =
    has('resources', wanted.resource) || (subresource !== undefined && has('resources', `*/${subresource}`));
  return has('apiGroups', wanted.group) && isListed && (names.length === 0 || names.includes(wanted.name));
}

/** @throws ApiError 403 with the real server's words. */
export function authorize(store: Store, user: User, wanted: Attributes): void {
  if (isAllowed(store, user, wanted)) return;
  const { verb, group, resource, namespace, name, path } = wanted;
  const who = `User ${JSON.stringify(user.name)} cannot`;
  if (resource === '')
    throw new ApiError(403, 'Forbidden', `forbidden: ${who} ${verb} path ${JSON.stringify(path)}`, {});
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const plural = resource.split('/')[0] ?? '';
  throw forbidden(
    { group, plural },
    name,
    `${who} ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`,
  );
}
