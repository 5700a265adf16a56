/** Puts tokens into the Secrets that ask for a ServiceAccount's token. */
import { randomBytes } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { tokenSecret } from '../access.ts';
import { fieldsOf } from '../json.ts';
import type { Core } from '../objects/core.ts';
import { remove } from '../objects/delete.ts';
import { amend } from '../objects/write.ts';

/** @param authority - the certificate (PEM) by which the token's holder knows the API server */
export function runAccountTokens(core: Core, authority: string): void {
  const { store } = core;
  const encode = (text: string): string => Buffer.from(text).toString('base64');

  function fill(secret: Manifest, { metadata: { namespace = '', uid = '' } }: Manifest): void {
    if (secret.metadata.annotations?.[tokenSecret.uid] === uid) return;
    amend(core, 'secrets', secret.metadata, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [tokenSecret.uid]: uid };
      draft['data'] = {
        ...fieldsOf(draft['data']),
        'ca.crt': encode(authority),
        namespace: encode(namespace),
        token: encode(randomBytes(24).toString('base64url')),
      };
    });
  }

  const accountOf = ({ type, metadata }: Manifest): string =>
    type === tokenSecret.type ? (metadata.annotations?.[tokenSecret.name] ?? '') : '';

  store.subscribe('secrets', ({ type, object }) => {
    const account = store.get('serviceaccounts', object.metadata.namespace ?? '', accountOf(object));
    if (type !== 'DELETED' && account !== undefined) fill(object, account);
  });
  store.subscribe('serviceaccounts', ({ type, object: account }) => {
    const { name, namespace } = account.metadata;
    for (const secret of store.list('secrets', namespace).filter((one) => accountOf(one) === name))
      if (type === 'DELETED') remove(core, 'secrets', secret);
      else fill(secret, account);
  });
}
