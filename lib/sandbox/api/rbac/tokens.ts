/** Tokens of ServiceAccounts: JSON web tokens that only this server can make and read. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { at, textOf } from '../json.ts';
import type { Store } from '../store.ts';
import { serviceAccount, type User } from './user.ts';

export interface Tokens {
  /** @param seconds how long the token is good for. */
  issue(account: Manifest, audiences: string[], seconds: number): { token: string; expires: number };
  /** The token's account; undefined for one that is not ours, is too old, or whose account is gone. */
  userOf(token: string): User | undefined;
}

export function createTokens(store: Store): Tokens {
  const key = randomBytes(32);
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    issue(account, audiences, seconds) {
      const issued = Math.floor(Date.now() / 1000);
      const { name, namespace = '', uid = '' } = account.metadata;
      const claims = {
        iss: 'https://kubernetes.default.svc',
        sub: serviceAccount(namespace, name).name,
        aud: audiences,
        iat: issued,
        nbf: issued,
        exp: issued + seconds,
        'kubernetes.io': { namespace, serviceaccount: { name, uid } },
      };
      const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
      return { token: `${text}.${sign(text).toString('base64url')}`, expires: claims.exp * 1000 };
    },
    userOf(token) {
      const [header = '', body = '', signature = ''] = token.split('.');
      const given = Buffer.from(signature, 'base64url');
      const expected = sign(`${header}.${body}`);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
      const namespace = textOf(at(claims, 'kubernetes.io', 'namespace'));
      const name = textOf(at(claims, 'kubernetes.io', 'serviceaccount', 'name'));
      const account = store.get('serviceaccounts', namespace, name);
      const isCurrent = Number(at(claims, 'exp')) * 1000 > Date.now();
      const isSame = account?.metadata.uid === at(claims, 'kubernetes.io', 'serviceaccount', 'uid');
      return account !== undefined && isCurrent && isSame ? serviceAccount(namespace, name) : undefined;
    },
  };
}
