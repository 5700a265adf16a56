import type { OutgoingHttpHeaders } from 'node:http';
import { keepBasicCredentials, keepSecret } from '../../words/index.ts';
import { Connections } from './connections.ts';
import { bareHost, type ChosenContext, chooseContext } from './context.ts';
import { credentialSourceOf, type Identification, ofServer } from './credentials.ts';
import { KubeconfigError, placeOf, readKubeconfigs } from './kubeconfig.ts';
import { isLoopback, proxyOf } from './proxy.ts';
import { type TlsOptions, tlsIdentity } from './tls-identity.ts';

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
  if (config) return endpointOf(chooseContext(config, context));
  const message = `cannot read the kubeconfig ${kubeconfigPath}: it does not exist`;
  throw new KubeconfigError(message, 'name a kubeconfig that exists', 'not-found');
}

/**
 * Checks that a context can be used. Sends nothing and runs no plugin.
 * @returns a sentence for each field that has no effect
 * @throws KubeconfigError
 */
export async function checkContext(chosen: ChosenContext): Promise<readonly string[]> {
  const endpoint = endpointOf(chosen);
  try {
    await endpoint.check();
    return endpoint.notes;
  } finally {
    endpoint.close();
  }
}

/** @throws KubeconfigError naming a field that cannot be used */
export function endpointOf(chosen: ChosenContext): Endpoint & { check(): Promise<unknown> } {
  const closing = new AbortController();
  const server = new URL(chosen.server);
  server.username = '';
  server.password = '';
  const tlsOptions = tlsIdentity(chosen);
  const source = sendsCredentials(chosen) ? credentialSourceOf(chosen, closing.signal) : ofServer(chosen);
  const proxy = proxyOf(chosen);
  const impersonation = impersonationOf(chosen);
  /** The last one has the current identity. Open streams still use the others. */
  const all: { tls: TlsOptions; connections: Connections }[] = [];
  let latest: Identification | undefined;
  let accepted: Identification | undefined;
  /** What the server refused, until there are other credentials, and what replaced it. */
  let refused: Identification | undefined;
  let renewed: Identification | undefined;

  const connectionsFor = (pair: Identification['pair']): Connections => {
    const tls = [server.protocol, proxy?.url.protocol].includes('https:') ? tlsOptions(pair) : {};
    const last = all.at(-1);
    if (last && (last.tls === tls || server.protocol === 'http:')) return last.connections;
    const connections = new Connections(server, tls, proxy);
    all.push({ tls, connections });
    return connections;
  };
  const refuse = (identification: Identification): boolean => {
    // After another request's refusal there are new ones already.
    if (identification !== latest) return true;
    if (identification === renewed && identification !== accepted) return false;
    if (!source.discard(identification)) return false;
    refused = identification;
    return true;
  };
  const access = async (): Promise<Access> => {
    const identification = await source.current();
    if (identification !== latest) keepOutOfReports(identification);
    latest = identification;
    if (refused !== undefined && refused !== identification) {
      renewed = identification;
      refused = undefined;
    }
    const { authorization, pair } = identification;
    return {
      headers: { ...impersonation, ...(authorization !== undefined && { authorization }) },
      connections: connectionsFor(pair),
      accepted: () => {
        accepted = identification;
      },
      refused: () => refuse(identification),
    };
  };
  return {
    server,
    notes: chosen.notes,
    access,
    check: async () => (source.isProgram ? connectionsFor(undefined) : access()),
    close() {
      closing.abort();
      for (const { connections } of all.splice(0)) connections.close();
    },
  };
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

/** client-go, transport.NewImpersonatingRoundTripper. Node writes headers as Latin-1, and the API server reads UTF-8. */
function impersonationOf({ user }: ChosenContext): OutgoingHttpHeaders {
  if (user.as === undefined) return {};
  const inBytes = (text: string) => Buffer.from(text).toString('latin1');
  const headers: OutgoingHttpHeaders = { 'impersonate-user': inBytes(user.as) };
  if (user['as-uid'] !== undefined) headers['impersonate-uid'] = inBytes(user['as-uid']);
  if (user['as-groups']?.length) headers['impersonate-group'] = user['as-groups'].map(inBytes);
  for (const [key, values] of Object.entries(user['as-user-extra'] ?? {})) {
    if (values?.length) headers[`impersonate-extra-${escapedKey(key)}`] = values.map(inBytes);
  }
  return headers;
}

/** Escapes what a header's name cannot contain, as client-go does (headerKeyEscape). The API server unescapes it. */
function escapedKey(key: string): string {
  return Buffer.from(key)
    .toString('latin1')
    .replace(/[^!#$&'*+\-.^_`|~0-9A-Za-z]/g, (byte) => {
      return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
    });
}

/** Registers the token or the password, so that no output of this process shows it. */
function keepOutOfReports({ authorization }: Identification): void {
  const [scheme, credentials = ''] = authorization?.split(' ') ?? [];
  if (scheme === 'Basic') keepBasicCredentials(credentials);
  else keepSecret(credentials);
}
