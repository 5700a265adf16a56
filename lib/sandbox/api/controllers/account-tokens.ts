/** Puts tokens into the Secrets that ask for a ServiceAccount's token. */
import type { Manifest } from '../../contract.ts';
import type { Tokens } from '../access.ts';
import { fieldsOf } from '../json.ts';
import { type Core, stored } from '../objects/core.ts';
import { remove } from '../objects/delete.ts';
import { amend } from '../objects/update.ts';

const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

/** @param authority - the certificate (PEM) by which the token's holder knows the API server */
export function runAccountTokens(core: Core, tokens: Tokens, authority: string): void {
  const { store, registry } = core;
  const secrets = registry.builtin('secrets');
  const encode = (text: string): string => Buffer.from(text).toString('base64');

  function fill(secret: Manifest, account: Manifest): void {
    const { namespace = '', uid = '' } = account.metadata;
    if (secret.metadata.annotations?.[uidAnnotation] === uid) return;
    amend(core, secrets, secret.metadata, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [uidAnnotation]: uid };
      draft['data'] = {
        ...fieldsOf(draft['data']),
        'ca.crt': encode(authority),
        namespace: encode(namespace),
        token: encode(tokens.issue(account)),
      };
    });
  }

  const accountOf = (secret: Manifest): string =>
    secret['type'] === 'kubernetes.io/service-account-token'
      ? (secret.metadata.annotations?.[nameAnnotation] ?? '')
      : '';

  store.subscribe('secrets', ({ type, object }) => {
    const { namespace = '' } = object.metadata;
    const account = stored(core, registry.builtin('serviceaccounts'), namespace, accountOf(object));
    if (type !== 'DELETED' && account !== undefined) fill(object, account);
  });
  store.subscribe('serviceaccounts', ({ type, object: account }) => {
    const { name, namespace } = account.metadata;
    for (const secret of store.list('secrets', namespace).filter((one) => accountOf(one) === name))
      if (type === 'DELETED') remove(core, secrets, secret);
      else fill(secret, account);
  });
}
