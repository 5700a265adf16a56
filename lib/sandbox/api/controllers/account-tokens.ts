/** Fills Secrets of the type for ServiceAccount tokens, the lasting kind that tools without TokenRequest use. */
import type { Manifest } from '../../contract.ts';
import { fieldsOf } from '../json.ts';
import { amend, type Core, inBackground, remove } from '../objects/index.ts';
import type { Tokens } from '../rbac/index.ts';

const type = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';
const tenYears = 10 * 365 * 24 * 3600;

/** @param authority the certificate (PEM) by which the token's holder knows the API server. */
export function runAccountTokens(core: Core, tokens: Tokens, authority: string): () => void {
  const { store, registry } = core;
  const secrets = registry.builtin('secrets');
  const encode = (text: string): string => Buffer.from(text).toString('base64');

  function fill(secret: Manifest, account: Manifest): void {
    const { namespace = '', uid = '' } = account.metadata;
    if (secret.metadata.annotations?.[uidAnnotation] === uid) return;
    const { token } = tokens.issue(account, [], tenYears);
    amend(core, secrets, secret.metadata, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [uidAnnotation]: uid };
      draft['data'] = {
        ...fieldsOf(draft['data']),
        'ca.crt': encode(authority),
        namespace: encode(namespace),
        token: encode(token),
      };
      return true;
    });
  }

  const accountOf = (secret: Manifest): string =>
    secret['type'] === type ? (secret.metadata.annotations?.[nameAnnotation] ?? '') : '';

  const stops = [
    store.subscribe('secrets', ({ type: change, object }) => {
      const account = store.get('serviceaccounts', object.metadata.namespace ?? '', accountOf(object));
      if (change !== 'DELETED' && account !== undefined) fill(object, account);
    }),
    store.subscribe('serviceaccounts', ({ type: change, object }) => {
      const own = store
        .list('secrets', object.metadata.namespace)
        .filter((secret) => accountOf(secret) === object.metadata.name);
      for (const secret of own)
        if (change === 'DELETED') remove(core, secrets, secret, inBackground);
        else fill(secret, object);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
