/** Who makes a request. */
export interface User {
  name: string;
  groups: string[];
}

export const administrator: User = {
  name: 'kubernetes-admin',
  groups: ['system:masters', 'system:authenticated'],
};

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

const prefix = 'system:serviceaccount:';

export function serviceAccount(namespace: string, name: string): User {
  return {
    name: `${prefix}${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/** A user by name, as impersonation gives it: a ServiceAccount's name brings its groups. */
export function userNamed(name: string, groups: string[]): User {
  if (groups.length === 0 && name.startsWith(prefix)) {
    const [namespace = '', account = ''] = name.slice(prefix.length).split(':');
    return serviceAccount(namespace, account);
  }
  if (name === anonymous.name) return anonymous;
  return { name, groups: [...new Set([...groups, 'system:authenticated'])] };
}
