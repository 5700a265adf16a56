/** Who sends a request, and what the stored roles and bindings let that user do. */
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Manifest } from '../contract.ts';
import { ApiError, forbidden, unauthorized } from './errors.ts';
import { type Fields, fieldsOf, itemsOf, stringsOf, textOf } from './json.ts';
import type { Store } from './store.ts';

export interface User {
  name: string;
  groups: string[];
}

/** What a user wants to do with an object or a collection. */
export interface Attributes {
  verb: string;
  group: string;
  /** Plural, with a subresource as in `pods/exec`. */
  resource: string;
  namespace: string;
  name: string;
}

const everything = 'system:masters';
const administrator: User = { name: 'kubernetes-admin', groups: [everything] };
const suffix = 'rbac.authorization.k8s.io';

/**
 * Finds the user of a request.
 * @param token - the administrator's
 * @throws ApiError 401 without a valid token, 403 for impersonation
 */
export function authenticate(
  { authorization = '', ...others }: IncomingHttpHeaders,
  token: string,
  tokens: Tokens,
): User {
  const given = /^Bearer (.+)$/i.exec(authorization)?.[1]?.trim() ?? '';
  const user = given === token ? administrator : tokens.userOf(given);
  if (user === undefined) throw unauthorized();
  // Without this error the request would have more rights than its sender wants.
  if (others['impersonate-user'] !== undefined)
    throw new ApiError(403, 'Forbidden', 'the sandbox has no impersonation: use a token of the ServiceAccount');
  return user;
}

/** @throws ApiError 403 if no role allows it */
export function authorize(store: Store, user: User, wanted: Attributes): void {
  if (user.groups.includes(everything) || isAllowed(store, user, wanted)) return;
  const { verb, group, resource, namespace, name } = wanted;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  throw forbidden(
    { group, plural: resource.split('/')[0] ?? '' },
    name,
    `User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
  );
}

function isAllowed(store: Store, user: User, wanted: Attributes): boolean {
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
      return user.name === accountUser(textOf(subject['namespace']) || namespace, name).name;
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
  const names = stringsOf(rule['resourceNames']);
  return (
    has('verbs', wanted.verb) &&
    has('apiGroups', wanted.group) &&
    has('resources', wanted.resource) &&
    (names.length === 0 || names.includes(wanted.name))
  );
}

/** The user of a ServiceAccount's token. */
function accountUser(namespace: string, name: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/** The bearer tokens of ServiceAccounts. */
export class Tokens {
  readonly #store: Store;
  readonly #accounts = new Map<string, Manifest['metadata']>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Makes a token that is valid until the account is deleted. */
  issue(account: Manifest): string {
    const token = randomBytes(24).toString('base64url');
    this.#accounts.set(token, account.metadata);
    return token;
  }

  /** The user of a token; undefined for an unknown token and for one whose account is gone. */
  userOf(token: string): User | undefined {
    const { namespace = '', name, uid } = this.#accounts.get(token) ?? { name: '' };
    const account = this.#store.get('serviceaccounts', namespace, name);
    return account !== undefined && account.metadata.uid === uid ? accountUser(namespace, name) : undefined;
  }
}
