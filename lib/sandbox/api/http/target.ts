/** What a request's path and method name. */
import type { Attributes } from '../rbac/index.ts';

export interface RequestTarget {
  verb: string;
  group: string;
  version: string;
  namespace: string;
  plural: string;
  name: string;
  subresource: string;
}

/** The object or collection that the path names; undefined for a path that is none, such as /version. */
export function targetOf(method: string, path: string, query: URLSearchParams): RequestTarget | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const root = parts.shift();
  const group = root === 'apis' ? parts.shift() : '';
  const version = parts.shift();
  if ((root !== 'api' && root !== 'apis') || group === undefined || version === undefined || parts.length === 0)
    return undefined;
  // `namespaces/x/pods` are pods in x; `namespaces/x` and `namespaces/x/status` are the namespace itself.
  const isInside = parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status';
  const namespace = isInside ? (parts[1] ?? '') : '';
  const [plural = '', name = '', subresource = ''] = isInside ? parts.slice(2) : parts;
  const isOverlong = parts.length > (isInside ? 5 : 3);
  if (isOverlong) return undefined;
  return { verb: verbOf(method, name, query), group, version, namespace, plural, name, subresource };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isTrue(query.get('watch'))) return 'watch';
      return name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      return method.toLowerCase();
  }
}

export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}

export function attributesOf(target: RequestTarget): Attributes {
  const { verb, group, plural, subresource, namespace, name } = target;
  // A namespace's own name is also the namespace that permission is asked in.
  const home = group === '' && plural === 'namespaces' ? name : namespace;
  return {
    verb,
    group,
    resource: subresource === '' ? plural : `${plural}/${subresource}`,
    namespace: home,
    name,
    path: '',
  };
}
