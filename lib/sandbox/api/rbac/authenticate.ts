/** From a request's headers to its user. */
import type { IncomingHttpHeaders } from 'node:http';
import { unauthorized } from '../errors.ts';
import type { Store } from '../store.ts';
import { authorize } from './authorize.ts';
import type { Tokens } from './tokens.ts';
import { administrator, anonymous, type User, userNamed } from './user.ts';

/**
 * @param token the run's own, which may do everything.
 * @throws ApiError 401 for a token that is not known, 403 where the user may not act as another.
 */
export function authenticate(headers: IncomingHttpHeaders, token: string, tokens: Tokens, store: Store): User {
  const user = bearer(headers.authorization, token, tokens);
  const name = headers['impersonate-user'];
  if (typeof name !== 'string' || name === '') return user;
  authorize(store, user, { verb: 'impersonate', group: '', resource: 'users', namespace: '', name, path: '' });
  return userNamed(name, headerList(headers['impersonate-group']));
}

function bearer(header: string | undefined, token: string, tokens: Tokens): User {
  if (header === undefined) return anonymous;
  const given = /^Bearer (.+)$/i.exec(header)?.[1]?.trim();
  if (given === undefined) throw unauthorized();
  const user = given === token ? administrator : tokens.userOf(given);
  if (user === undefined) throw unauthorized();
  return user;
}

function headerList(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : value.split(',').map((one) => one.trim());
}
