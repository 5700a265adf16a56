import { existsSync } from 'node:fs';
import { parse } from 'yaml';
import { runCommand } from '../../processes/command.ts';
import type { ChosenContext, ExecConfig } from './context.ts';
import { isRecord } from './failures.ts';
import { fieldPath, KubeconfigError } from './kubeconfig.ts';
import { limits } from './limits.ts';
import type { KeyPair } from './tls-identity.ts';

/** The credentials that a plugin printed. */
export interface PluginCredentials {
  token?: string;
  pair?: KeyPair;
}

/** The cluster's extension that a plugin gets as `spec.cluster.config`. */
const CONFIG_EXTENSION = 'client.authentication.k8s.io/exec';

/**
 * A program that prints credentials, run as client-go runs it (plugin/pkg/client/auth/exec). The credentials are valid until
 * their expirationTimestamp, or as long as this process lives. The program never runs twice at the same time.
 * The format: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
export class ExecPlugin {
  readonly #exec: ExecConfig;
  readonly #chosen: ChosenContext;
  readonly #authority: () => string;
  readonly #closing: AbortSignal;
  #running: Promise<PluginCredentials> | undefined;
  #credentials: PluginCredentials | undefined;
  #goodUntil = Number.POSITIVE_INFINITY;

  /**
   * @param authority the cluster's certificate authority as PEM text, '' for none; read only if the plugin wants it
   * @param closing ends a running plugin
   */
  constructor(exec: ExecConfig, chosen: ChosenContext, authority: () => string, closing: AbortSignal) {
    this.#exec = exec;
    this.#chosen = chosen;
    this.#authority = authority;
    this.#closing = closing;
  }

  /** @throws KubeconfigError with the plugin's output, or how to install a missing plugin */
  async credentials(): Promise<PluginCredentials> {
    if (this.#credentials !== undefined && Date.now() <= this.#goodUntil) return this.#credentials;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return await this.#running;
  }

  /** The server refused these: if there are no newer ones, the plugin runs again at the next call. */
  discard(refused: PluginCredentials): void {
    if (refused === this.#credentials) this.#credentials = undefined;
  }

  async #run(): Promise<PluginCredentials> {
    const { credentials, expires } = this.#read(await this.#output());
    const now = Date.now();
    this.#goodUntil = expires > now ? expires : now + limits.expiredCredentialsMs;
    this.#credentials = credentials;
    return credentials;
  }

  async #output(): Promise<string> {
    const { command, args = [], env, interactiveMode } = this.#exec;
    const isTerminal = process.stdin.isTTY === true;
    if (interactiveMode === 'Always' && !isTerminal) {
      this.#fail(
        "needs a terminal (interactiveMode Always), and this program's standard input is none",
        'run it in a terminal, or use credentials that need nobody to answer',
      );
    }
    const interactive = interactiveMode !== 'Never' && isTerminal;
    const spec = { ...(this.#exec.provideClusterInfo && { cluster: this.#clusterInfo() }), interactive };
    const info = { kind: 'ExecCredential', apiVersion: this.#exec.apiVersion, spec };
    const result = await runCommand([command, ...args], {
      timeoutMs: limits.execPluginMs,
      signal: this.#closing,
      env: { ...env, KUBERNETES_EXEC_INFO: asJson(info) },
      // A plugin tells its user there how to log in, and may open a browser that must stay.
      showStderr: true,
      leaveOthers: true,
      interactive,
    });
    if (result.exitCode === 0) return result.stdout;
    const stderr = printable(result.stderr.trim());
    const output = stderr === '' ? '' : `; it wrote: ${stderr.slice(-2_000)}`;
    switch (result.fault) {
      case 'timeout':
        return this.#fail(`did not end within ${limits.execPluginMs / 1000} s${output}`, 'see why it takes so long');
      case 'aborted':
        return this.#fail('was ended, because the client was closed', 'start the run again');
      case 'missing':
        return this.#failMissing();
      case 'unstartable':
        return this.#fail(`cannot be started: ${result.how}`, `make ${command} a program that can be run`);
      default:
        return this.#fail(
          `failed with ${result.how}${output}`,
          `run ${command} by hand, with its arguments, to see why`,
        );
    }
  }

  #failMissing(): never {
    const { command, installHint } = this.#exec;
    if (existsSync(command)) {
      this.#fail('cannot be started: what its first line names does not exist', 'install that interpreter');
    }
    const hint = installHint === undefined ? '' : `\n${printable(installHint)}`;
    const where = command.includes('/') ? '' : ', or put it on the PATH';
    this.#fail('does not exist', `install ${command}${where}${hint}`);
  }

  #read(output: string): { credentials: PluginCredentials; expires: number } {
    const { apiVersion } = this.#exec;
    const remedy = `see what it prints; it has to be an ExecCredential of ${apiVersion}`;
    let printed: unknown;
    try {
      printed = parse(output);
    } catch {
      // The output may contain credentials, so the message has none of it.
      this.#fail('printed neither JSON nor YAML', remedy);
    }
    if (!isRecord(printed) || printed['kind'] !== 'ExecCredential') this.#fail('printed no ExecCredential', remedy);
    if (printed['apiVersion'] !== apiVersion) {
      this.#fail(
        `printed an ExecCredential of ${printed['apiVersion']}, not ${apiVersion}`,
        `write the version in exec.apiVersion`,
      );
    }
    const status = isRecord(printed['status']) ? printed['status'] : {};
    const text = (name: string) => (typeof status[name] === 'string' ? status[name] : '');
    const [token, cert, key] = [text('token'), text('clientCertificateData'), text('clientKeyData')];
    if ((cert === '') !== (key === '')) this.#fail('printed only one of certificate and key', remedy);
    if (token === '' && cert === '') this.#fail('printed neither a token nor a certificate', remedy);
    const stamp = text('expirationTimestamp');
    const expires = stamp === '' ? Number.POSITIVE_INFINITY : Date.parse(stamp);
    if (Number.isNaN(expires))
      this.#fail(`printed an expirationTimestamp that is no time: ${printable(stamp)}`, remedy);
    return { credentials: { ...(token !== '' && { token }), ...(cert !== '' && { pair: { cert, key } }) }, expires };
  }

  /** client-go, rest.ConfigToExecCluster: without a proxy of the environment. */
  #clusterInfo(): Record<string, unknown> {
    const { cluster, server } = this.#chosen;
    const authority = this.#authority();
    const extensions: unknown[] = Array.isArray(cluster.extensions) ? cluster.extensions : [];
    const own = extensions.find((each) => isRecord(each) && each['name'] === CONFIG_EXTENSION);
    return {
      server: cluster.server ?? server.href,
      ...(cluster['tls-server-name'] && { 'tls-server-name': cluster['tls-server-name'] }),
      ...(cluster['insecure-skip-tls-verify'] && { 'insecure-skip-tls-verify': true }),
      ...(authority !== '' && { 'certificate-authority-data': Buffer.from(authority, 'latin1').toString('base64') }),
      ...(cluster['proxy-url'] && { 'proxy-url': cluster['proxy-url'] }),
      ...(cluster['disable-compression'] && { 'disable-compression': true }),
      config: isRecord(own) ? (own['extension'] ?? null) : null,
    };
  }

  #fail(why: string, remedy: string): never {
    const place = fieldPath(this.#chosen.userEntry, 'exec');
    throw new KubeconfigError(`${place}: the plugin ${this.#exec.command} ${why}`, remedy);
  }
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
