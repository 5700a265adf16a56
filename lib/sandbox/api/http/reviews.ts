/** Questions that are asked by creating an object which is not stored: may I, who am I. */
import type { Fields } from '../json.ts';
import { fieldsOf, textOf } from '../json.ts';
import { isAllowed, type User } from '../rbac/index.ts';
import type { Store } from '../store.ts';

interface Review {
  group: string;
  version: string;
  plural: string;
  kind: string;
  answer(store: Store, user: User, body: Fields): Fields;
}

export const reviews: readonly Review[] = [
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    answer(store, user, body) {
      const spec = fieldsOf(body['spec']);
      const about = fieldsOf(spec['resourceAttributes']);
      const plain = fieldsOf(spec['nonResourceAttributes']);
      const subresource = textOf(about['subresource']);
      const plural = textOf(about['resource']);
      const allowed = isAllowed(store, user, {
        verb: textOf(about['verb']) || textOf(plain['verb']),
        group: textOf(about['group']),
        resource: subresource === '' ? plural : `${plural}/${subresource}`,
        namespace: textOf(about['namespace']),
        name: textOf(about['name']),
        path: textOf(plain['path']),
      });
      return { ...body, metadata: {}, status: { allowed } };
    },
  },
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    plural: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    answer: (_store, user, body) => ({
      ...body,
      metadata: {},
      status: { userInfo: { username: user.name, groups: user.groups } },
    }),
  },
];
