import type { OutgoingHttpHeaders } from 'node:http';
import { keepBasicCredentials, keepSecret } from '../../words/index.ts';
import { Connections } from './connections.ts';
import { bareHost, type ChosenContext, chooseContext } from './context.ts';
import { type CredentialSource, credentialSourceOf, type Identification, ofServer } from './credentials.ts';
import { KubeconfigError, placeOf, readKubeconfigs } from './kubeconfig.ts';
import { isLoopback, type ProxyServer, proxyOf } from './proxy.ts';
import { TlsIdentity, type TlsOptions } from './tls-identity.ts';

/** What a request needs to be accepted. */
export interface Access {
  headers: OutgoingHttpHeaders;
  connections: Connections;
  /** The server knew the credentials. */
  accepted(): void;
  /**
   * The server answered 401. @returns true if the next access may have others, so that another attempt makes sense. A plugin
   * is called again once, and then not before the server has accepted its credentials.
   */
  refused(): boolean;
}

/** The API server that one context of one kubeconfig names. */
export interface Endpoint {
  server: URL;
  /** A sentence for each field of the kubeconfig that has no effect, as with kubectl. */
  notes: readonly string[];
  /**
   * The current credentials: those of files and plugins change. May take as long as a plugin.
   * @throws KubeconfigError naming the field
   */
  access(): Promise<Access>;
  close(): void;
}

/**
 * Reads the given file only, never the user's own configuration.
 * @throws KubeconfigError `not-found` for a file that cannot be read or a context that it does not have; `invalid` for a
 * field that kubectl would refuse
 */
export function readEndpoint(kubeconfigPath: string, context?: string): Endpoint {
  const config = readKubeconfigs([kubeconfigPath]);
  if (config === undefined) {
    const message = `cannot read the kubeconfig ${kubeconfigPath}: it does not exist`;
    throw new KubeconfigError(message, 'name a kubeconfig that exists', 'not-found');
  }
  return new ContextEndpoint(chooseContext(config, context));
}

/**
 * Checks that a context can be used. Sends nothing and runs no plugin.
 * @returns a sentence for each field that has no effect
 * @throws KubeconfigError
 */
export async function checkContext(chosen: ChosenContext): Promise<readonly string[]> {
  const endpoint = new ContextEndpoint(chosen);
  try {
    await endpoint.check();
    return endpoint.notes;
  } finally {
    endpoint.close();
  }
}

class ContextEndpoint implements Endpoint {
  readonly server: URL;
  readonly notes: readonly string[];
  readonly #closing = new AbortController();
  readonly #tls: TlsIdentity;
  readonly #source: CredentialSource;
  readonly #proxy: ProxyServer | undefined;
  readonly #impersonation: OutgoingHttpHeaders;
  /** The last one has the current identity. Open streams still use the others. */
  readonly #connections: { tls: TlsOptions; connections: Connections }[] = [];
  #latest: Identification | undefined;
  #accepted: Identification | undefined;
  /** What the server refused, until there are other credentials. */
  #refusedOne: Identification | undefined;
  /** What replaced refused credentials. */
  #renewed: Identification | undefined;

  constructor(chosen: ChosenContext) {
    this.server = new URL(chosen.server);
    this.server.username = '';
    this.server.password = '';
    this.#tls = new TlsIdentity(chosen);
    const source =
      sendsCredentials(chosen) && credentialSourceOf(chosen, () => this.#tls.authority(), this.#closing.signal);
    this.#source = source || ofServer(chosen);
    this.#proxy = proxyOf(chosen);
    this.#impersonation = impersonationOf(chosen);
    this.notes = chosen.notes;
  }

  async check(): Promise<void> {
    if (this.#source.isProgram) this.#connectionsFor(undefined);
    else await this.access();
  }

  async access(): Promise<Access> {
    const identification = await this.#source.current();
    if (identification !== this.#latest) keepOutOfReports(identification);
    this.#latest = identification;
    if (this.#refusedOne !== undefined && this.#refusedOne !== identification) {
      this.#renewed = identification;
      this.#refusedOne = undefined;
    }
    const { authorization, pair } = identification;
    return {
      headers: { ...this.#impersonation, ...(authorization !== undefined && { authorization }) },
      connections: this.#connectionsFor(pair),
      accepted: () => {
        this.#accepted = identification;
      },
      refused: () => this.#refuse(identification),
    };
  }

  close(): void {
    this.#closing.abort();
    for (const { connections } of this.#connections.splice(0)) connections.close();
  }

  #refuse(identification: Identification): boolean {
    // After another request's refusal there are new ones already.
    if (identification !== this.#latest) return true;
    if (identification === this.#renewed && identification !== this.#accepted) return false;
    if (!this.#source.discard(identification)) return false;
    this.#refusedOne = identification;
    return true;
  }

  #connectionsFor(pair: Identification['pair']): Connections {
    const tls =
      this.server.protocol === 'https:' || this.#proxy?.url.protocol === 'https:' ? this.#tls.options(pair) : {};
    const last = this.#connections.at(-1);
    if (last !== undefined && (last.tls === tls || this.server.protocol === 'http:')) return last.connections;
    const connections = new Connections(this.server, tls, this.#proxy);
    this.#connections.push({ tls, connections });
    return connections;
  }
}

/**
 * Like kubectl, sends no credentials over plain HTTP. The exception is this machine itself, if the kubeconfig has
 * insecure-skip-tls-verify: there nobody else can read them.
 */
function sendsCredentials({ server, cluster, userEntry, notes }: ChosenContext): boolean {
  if (server.protocol === 'https:') return true;
  if (cluster['insecure-skip-tls-verify'] === true && isLoopback(bareHost(server))) return true;
  const fields = Object.keys(userEntry.value).filter((field) => !field.startsWith('as') && field !== 'extensions');
  if (fields.length > 0) {
    const place = placeOf(userEntry, fields.join(', '));
    notes.push(`${place}: not sent, because the server's URL is not https; kubectl does the same`);
  }
  return false;
}

/** client-go, transport.NewImpersonatingRoundTripper. */
function impersonationOf({ user }: ChosenContext): OutgoingHttpHeaders {
  if (user.as === undefined) return {};
  const headers: OutgoingHttpHeaders = { 'impersonate-user': inBytes(user.as) };
  if (user['as-uid'] !== undefined) headers['impersonate-uid'] = inBytes(user['as-uid']);
  if (user['as-groups']?.length) headers['impersonate-group'] = user['as-groups'].map(inBytes);
  for (const [key, values] of Object.entries(user['as-user-extra'] ?? {})) {
    if (values?.length) headers[`impersonate-extra-${escapedKey(key)}`] = values.map(inBytes);
  }
  return headers;
}

/** Node writes headers as Latin-1, and the API server reads UTF-8. */
function inBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Escapes what a header's name cannot contain, as client-go does (headerKeyEscape). The API server unescapes it. */
function escapedKey(key: string): string {
  const bytes = [...Buffer.from(key)].map((byte) => {
    const sign = String.fromCharCode(byte);
    return /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return bytes.join('');
}

/** Registers the token or the password, so that no output of this process shows it. */
function keepOutOfReports({ authorization }: Identification): void {
  const [scheme, credentials = ''] = authorization?.split(' ') ?? [];
  if (scheme === 'Basic') keepBasicCredentials(credentials);
  else keepSecret(credentials);
}
