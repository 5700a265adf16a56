import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type CommandResult, runCommand } from '../../processes/command.ts';
import { type ChosenContext, type ExecConfig, hasCertificate } from './context.ts';
import { isRecord, parseJson, reasonOf } from './failures.ts';
import { fieldPath, KubeconfigError, placeOf } from './kubeconfig.ts';
import { limits } from './limits.ts';
import { authorityOf, type KeyPair } from './tls-identity.ts';

/** The client's credentials: a header, a certificate, or both. */
export interface Identification {
  authorization?: string;
  /** From an exec plugin. */
  pair?: KeyPair;
}

/** Where a user's credentials come from. Returns the same object until they change. */
export interface CredentialSource {
  /** A program has to run for them. */
  isProgram?: boolean;
  /** @throws KubeconfigError naming the field */
  current(): Promise<Identification>;
  /** The server refused these. @returns true if the next call may return others */
  discard(refused: Identification): boolean;
}

/**
 * The source that client-go uses: a token (from a file first), a password, a certificate, and a plugin only if there is none
 * of these.
 * @param closing ends a running plugin
 * @throws KubeconfigError for a provider that kubectl has removed
 */
export function credentialSourceOf(chosen: ChosenContext, closing: AbortSignal): CredentialSource {
  const { user, userEntry, exec, authProvider, notes } = chosen;
  const ofProvider = authProvider && providerToken(chosen, authProvider.name, authProvider.config?.['id-token']);
  const other = (['tokenFile', 'token', 'username'] as const).find((field) => user[field] !== undefined);
  const used = other ?? (hasCertificate(user) ? 'client-certificate' : undefined);
  if (exec && used === undefined) return ofPlugin(exec, chosen, closing);
  if (exec) notes.push(`${placeOf(userEntry, 'exec')}: kubectl does not run it beside ${used}`);
  if (user.tokenFile !== undefined) return tokenOfFile(chosen, user.tokenFile);
  if (user.token !== undefined) return fixed(`Bearer ${user.token}`);
  if (user.username !== undefined) return fixed(basic(user.username, user.password ?? ''));
  return ofProvider ?? ofServer(chosen);
}

/** The credentials in the server's URL, used if there are no others. */
export function ofServer({ server: { username, password } }: ChosenContext): CredentialSource {
  if (username === '' && password === '') return fixed(undefined);
  return fixed(basic(decodeURIComponent(username), decodeURIComponent(password)));
}

/** The value of an `authorization` header. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function fixed(authorization: string | undefined): CredentialSource {
  const always = authorization === undefined ? {} : { authorization };
  return { current: async () => always, discard: () => false };
}

/** A token in a file, which somebody else renews. */
function tokenOfFile({ user, userEntry }: ChosenContext, file: string): CredentialSource {
  let readAt = Number.NEGATIVE_INFINITY;
  let made: Identification | undefined;
  const read = (): string => {
    let why = 'is empty';
    try {
      const token = readFileSync(file, 'utf8').trim();
      if (token !== '') return `Bearer ${token}`;
    } catch (thrown) {
      why = `cannot be read: ${reasonOf(thrown).message}`;
    }
    const last = made?.authorization ?? (user.token && `Bearer ${user.token}`);
    if (last !== undefined) return last;
    throw new KubeconfigError(`${placeOf(userEntry, 'tokenFile')}: ${file} ${why}`, `write a token to ${file}`);
  };
  return {
    async current() {
      const now = performance.now();
      if (made !== undefined && now - readAt < limits.tokenFileMs) return made;
      readAt = now;
      const authorization = read();
      if (made?.authorization !== authorization) made = { authorization };
      return made;
    },
    discard(refused) {
      if (refused !== made) return true;
      readAt = Number.NEGATIVE_INFINITY;
      return read() !== refused.authorization;
    },
  };
}

/** Replacements of the providers that kubectl has removed: client-go, plugin/pkg/client/auth. */
const removed: Record<string, string> = {
  azure: 'use the exec plugin kubelogin instead: https://github.com/Azure/kubelogin',
  gcp: 'use the exec plugin gke-gcloud-auth-plugin instead: https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl',
};

/** Only `oidc` is left. Its token is used but never renewed: a new refresh token would replace the user's. */
function providerToken({ name: context, userEntry }: ChosenContext, name = '', token = ''): CredentialSource {
  const place = placeOf(userEntry, 'auth-provider');
  if (name !== 'oidc') {
    const known = Object.hasOwn(removed, name) ? 'kubectl has removed it' : 'kubectl knows none of that name';
    const remedy = removed[name] ?? 'use an exec plugin, a token, or a certificate instead';
    throw new KubeconfigError(`${place} is '${name}': ${known}`, remedy);
  }
  const made = { authorization: `Bearer ${token}` };
  return {
    async current() {
      if (expiryOf(token) > Date.now()) return made;
      const remedy = `renew it: kubectl --context ${context} get --raw /version; then start the run again`;
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

/** The cluster's extension that a plugin gets as `spec.cluster.config`. */
const CONFIG_EXTENSION = 'client.authentication.k8s.io/exec';

type Fail = (why: string, remedy: string) => never;

/**
 * A program that prints credentials, run as client-go runs it (plugin/pkg/client/auth/exec). The credentials are valid until
 * their expirationTimestamp, or as long as this process lives. The program never runs twice at the same time. Errors have
 * its output, or how to install it.
 * The format: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
function ofPlugin(exec: ExecConfig, chosen: ChosenContext, closing: AbortSignal): CredentialSource {
  let running: Promise<Identification> | undefined;
  let made: Identification | undefined;
  let goodUntil = Number.POSITIVE_INFINITY;
  const fail: Fail = (why, remedy) => {
    throw new KubeconfigError(`${fieldPath(chosen.userEntry, 'exec')}: the plugin ${exec.command} ${why}`, remedy);
  };
  const run = async (): Promise<Identification> => {
    const isTerminal = process.stdin.isTTY === true;
    if (exec.interactiveMode === 'Always' && !isTerminal) {
      fail(
        "needs a terminal (interactiveMode Always), and this program's standard input is none",
        'run it in a terminal, or use credentials that need nobody to answer',
      );
    }
    const interactive = exec.interactiveMode !== 'Never' && isTerminal;
    const spec = { ...(exec.provideClusterInfo && { cluster: clusterInfo(chosen) }), interactive };
    const info = { kind: 'ExecCredential', apiVersion: exec.apiVersion, spec };
    const result = await runCommand([exec.command, ...(exec.args ?? [])], {
      timeoutMs: limits.execPluginMs,
      signal: closing,
      env: { ...exec.env, KUBERNETES_EXEC_INFO: asJson(info) },
      // A plugin tells its user there how to log in, and may open a browser that must stay.
      showStderr: true,
      leaveOthers: true,
      interactive,
    });
    if (result.exitCode !== 0) reportFailure(result, exec, fail);
    const { identification, expires } = readCredential(result.stdout, exec.apiVersion, fail);
    const now = Date.now();
    goodUntil = expires > now ? expires : now + limits.expiredCredentialsMs;
    made = identification;
    return identification;
  };
  return {
    isProgram: true,
    async current() {
      if (made !== undefined && Date.now() <= goodUntil) return made;
      running ??= run().finally(() => {
        running = undefined;
      });
      return await running;
    },
    discard(refused) {
      // If there are no newer ones, the plugin runs again at the next call.
      if (refused === made) made = undefined;
      return true;
    },
  };
}

function reportFailure(result: CommandResult, { command, installHint }: ExecConfig, fail: Fail): never {
  const stderr = printable(result.stderr.trim());
  const output = stderr === '' ? '' : `; it wrote: ${stderr.slice(-2_000)}`;
  switch (result.fault) {
    case 'timeout':
      return fail(`did not end within ${limits.execPluginMs / 1000} s${output}`, 'see why it takes so long');
    case 'aborted':
      return fail('was ended, because the client was closed', 'start the run again');
    case 'missing': {
      if (existsSync(command)) {
        fail('cannot be started: what its first line names does not exist', 'install that interpreter');
      }
      const hint = installHint === undefined ? '' : `\n${printable(installHint)}`;
      return fail(
        'does not exist',
        `install ${command}${command.includes('/') ? '' : ', or put it on the PATH'}${hint}`,
      );
    }
    case 'unstartable':
      return fail(`cannot be started: ${result.how}`, `make ${command} a program that can be run`);
    default:
      return fail(`failed with ${result.how}${output}`, `run ${command} by hand, with its arguments, to see why`);
  }
}

function readCredential(
  output: string,
  apiVersion: string,
  fail: Fail,
): { identification: Identification; expires: number } {
  const remedy = `see what it prints; it has to be an ExecCredential of ${apiVersion}`;
  let printed: unknown;
  try {
    printed = parse(output);
  } catch {
    // The output may contain credentials, so the message has none of it.
    return fail('printed neither JSON nor YAML', remedy);
  }
  if (!isRecord(printed) || printed['kind'] !== 'ExecCredential') return fail('printed no ExecCredential', remedy);
  if (printed['apiVersion'] !== apiVersion) {
    const why = `printed an ExecCredential of ${printed['apiVersion']}, not ${apiVersion}`;
    fail(why, 'write the version in exec.apiVersion');
  }
  const status = isRecord(printed['status']) ? printed['status'] : {};
  const text = (name: string) => (typeof status[name] === 'string' ? status[name] : '');
  const [token, cert, key] = [text('token'), text('clientCertificateData'), text('clientKeyData')];
  if ((cert === '') !== (key === '')) fail('printed only one of certificate and key', remedy);
  if (token === '' && cert === '') fail('printed neither a token nor a certificate', remedy);
  const stamp = text('expirationTimestamp');
  const expires = stamp === '' ? Number.POSITIVE_INFINITY : Date.parse(stamp);
  if (Number.isNaN(expires)) fail(`printed an expirationTimestamp that is no time: ${printable(stamp)}`, remedy);
  const authorization = `Bearer ${token}`;
  return {
    identification: { ...(token !== '' && { authorization }), ...(cert !== '' && { pair: { cert, key } }) },
    expires,
  };
}

/** client-go, rest.ConfigToExecCluster: without a proxy of the environment. */
function clusterInfo(chosen: ChosenContext): object {
  const { cluster, server } = chosen;
  const { 'certificate-authority': _, 'certificate-authority-data': __, extensions, ...fields } = cluster;
  const authority = authorityOf(chosen);
  const all: unknown[] = Array.isArray(extensions) ? extensions : [];
  const own = all.filter(isRecord).find(({ name }) => name === CONFIG_EXTENSION);
  return {
    ...fields,
    server: fields.server ?? server.href,
    ...(authority !== '' && { 'certificate-authority-data': Buffer.from(authority, 'latin1').toString('base64') }),
    config: own?.['extension'] ?? null,
  };
}

/** JSON with every digit of large numbers, which an extension may hold. */
function asJson(value: unknown): string {
  const json = JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? `\u0000${each}` : each));
  return json.replace(/"\\u0000(-?\d+)"/g, '$1');
}

/** Without control characters, which could change the terminal: client-go, cleanANSIEscapeCodes. */
function printable(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}\t-\r]/gu, (sign) => {
    return `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}
