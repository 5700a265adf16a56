import { readFileSync } from 'node:fs';
import { type ChosenContext, hasCertificate } from './context.ts';
import { ExecPlugin, type PluginCredentials } from './exec-plugin.ts';
import { asError, isRecord, parseJson } from './failures.ts';
import { KubeconfigError, placeOf } from './kubeconfig.ts';
import { limits } from './limits.ts';
import type { KeyPair } from './tls-identity.ts';

/** The client's credentials: a header, a certificate, or both. */
export interface Identification {
  authorization?: string;
  /** From an exec plugin. */
  pair?: KeyPair;
}

/** Where a user's credentials come from. Returns the same object until they change. */
export interface CredentialSource {
  /** A program has to run for them. */
  readonly isProgram?: boolean;
  /** @throws KubeconfigError naming the field */
  current(): Promise<Identification>;
  /** The server refused these. @returns true if the next call may return others */
  discard(refused: Identification): boolean;
}

/**
 * The source that client-go uses: a token (from a file first), a password, a certificate, and a plugin only if there is none
 * of these.
 * @param authority the cluster's certificate authority as PEM text, for plugins
 * @throws KubeconfigError for a provider that kubectl has removed
 */
export function credentialSourceOf(
  chosen: ChosenContext,
  authority: () => string,
  closing: AbortSignal,
): CredentialSource {
  const { user, userEntry, exec, authProvider, notes } = chosen;
  const bearer = authProvider && providerToken(chosen, authProvider.name, authProvider.config ?? {});
  const other = (['tokenFile', 'token', 'username'] as const).find((field) => user[field] !== undefined);
  const used = other ?? (hasCertificate(user) ? 'client-certificate' : undefined);
  if (exec && used === undefined) return new PluginSource(new ExecPlugin(exec, chosen, authority, closing));
  if (exec) notes.push(`${placeOf(userEntry, 'exec')}: kubectl does not run it beside ${used}`);
  if (user.tokenFile !== undefined) return new TokenFile(chosen, user.tokenFile, user.token);
  if (user.token !== undefined) return fixed(`Bearer ${user.token}`);
  if (user.username !== undefined) return fixed(basic(user.username, user.password ?? ''));
  if (bearer) return bearer;
  return ofServer(chosen);
}

/** The credentials in the server's URL, used if there are no others. */
export function ofServer({ server: { username, password } }: ChosenContext): CredentialSource {
  return username === '' && password === ''
    ? fixed(undefined)
    : fixed(basic(decodeURIComponent(username), decodeURIComponent(password)));
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function fixed(authorization: string | undefined): CredentialSource {
  const always: Identification = authorization === undefined ? {} : { authorization };
  return { current: async () => always, discard: () => false };
}

class PluginSource implements CredentialSource {
  readonly isProgram = true;
  readonly #plugin: ExecPlugin;
  #from: PluginCredentials | undefined;
  #made: Identification = {};

  constructor(plugin: ExecPlugin) {
    this.#plugin = plugin;
  }

  async current(): Promise<Identification> {
    const from = await this.#plugin.credentials();
    if (from !== this.#from) {
      const { token, pair } = from;
      this.#from = from;
      this.#made = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...(pair && { pair }) };
    }
    return this.#made;
  }

  discard(refused: Identification): boolean {
    if (refused === this.#made && this.#from !== undefined) this.#plugin.discard(this.#from);
    return true;
  }
}

/** A token in a file, which somebody else renews. */
class TokenFile implements CredentialSource {
  readonly #chosen: ChosenContext;
  readonly #file: string;
  readonly #fallback: string | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #made: Identification | undefined;

  constructor(chosen: ChosenContext, file: string, fallback: string | undefined) {
    this.#chosen = chosen;
    this.#file = file;
    this.#fallback = fallback;
  }

  async current(): Promise<Identification> {
    const now = performance.now();
    if (this.#made === undefined || now - this.#readAt >= limits.tokenFileMs) {
      this.#readAt = now;
      const authorization = `Bearer ${this.#read()}`;
      if (authorization !== this.#made?.authorization) this.#made = { authorization };
    }
    return this.#made ?? {};
  }

  discard(refused: Identification): boolean {
    if (refused !== this.#made) return true;
    this.#readAt = Number.NEGATIVE_INFINITY;
    return `Bearer ${this.#read()}` !== refused.authorization;
  }

  #read(): string {
    let why: string;
    try {
      const token = readFileSync(this.#file, 'utf8').trim();
      if (token !== '') return token;
      why = 'is empty';
    } catch (thrown) {
      why = `cannot be read: ${asError(thrown).message}`;
    }
    const last = this.#made?.authorization?.slice('Bearer '.length) ?? this.#fallback;
    if (last !== undefined) return last;
    const place = placeOf(this.#chosen.userEntry, 'tokenFile');
    throw new KubeconfigError(`${place}: ${this.#file} ${why}`, `write a token to ${this.#file}`);
  }
}

/** Replacements of the providers that kubectl has removed: client-go, plugin/pkg/client/auth. */
const removed: Record<string, string> = {
  azure: 'use the exec plugin kubelogin instead: https://github.com/Azure/kubelogin',
  gcp: 'use the exec plugin gke-gcloud-auth-plugin instead: https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl',
};

/** Only `oidc` is left. Its token is used but never renewed: a new refresh token would replace the user's. */
function providerToken(chosen: ChosenContext, name = '', config: Record<string, string> = {}): CredentialSource {
  const { userEntry } = chosen;
  const place = placeOf(userEntry, 'auth-provider');
  if (name !== 'oidc') {
    const known = Object.hasOwn(removed, name) ? 'kubectl has removed it' : 'kubectl knows none of that name';
    const remedy = removed[name] ?? 'use an exec plugin, a token, or a certificate instead';
    throw new KubeconfigError(`${place} is '${name}': ${known}`, remedy);
  }
  const token = config['id-token'] ?? '';
  const made: Identification = { authorization: `Bearer ${token}` };
  return {
    async current() {
      if (expiryOf(token) > Date.now()) return made;
      const remedy = `renew it: kubectl --context ${chosen.name} get --raw /version; then start the run again`;
      throw new KubeconfigError(`${place}: its id-token has expired, or is missing`, remedy);
    },
    discard: () => false,
  };
}

/** When a JSON Web Token expires (RFC 7519), in ms since 1970; 0 for what is none. */
function expiryOf(token: string): number {
  const payload = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const expiry = isRecord(payload) ? payload['exp'] : undefined;
  return typeof expiry === 'number' ? expiry * 1000 : 0;
}
