import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  rootCertificates,
  type SecureContext,
} from 'node:tls';
import { type ChosenContext, hasCertificate } from './context.ts';
import { asError } from './failures.ts';
import { type Entry, KubeconfigError, placeOf } from './kubeconfig.ts';
import { limits } from './limits.ts';

/** Options of a TLS connection to the API server, or to a proxy on the way. */
export type TlsOptions = Pick<
  ConnectionOptions,
  'secureContext' | 'rejectUnauthorized' | 'servername' | 'checkServerIdentity'
>;

/** A certificate and its key as PEM text. The certificates of its issuers may follow it. */
export interface KeyPair {
  cert: string;
  key: string;
}

/**
 * The authorities that the client trusts, and its own certificate.
 * @throws KubeconfigError naming the field whose content cannot be used
 */
export class TlsIdentity {
  readonly #chosen: ChosenContext;
  #authorities: string[] | undefined;
  #own: KeyPair | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #made: { pair: KeyPair | undefined; options: TlsOptions } | undefined;

  constructor(chosen: ChosenContext) {
    this.#chosen = chosen;
  }

  /**
   * The current options. Like client-go, reads a certificate file again after a second.
   * @param plugin the pair of an exec plugin; a pair of the user's own comes first
   */
  options(plugin?: KeyPair): TlsOptions {
    const pair = this.#ownPair() ?? plugin;
    if (this.#made && samePair(this.#made.pair, pair)) return this.#made.options;
    this.#made = { pair, options: this.#make(pair) };
    return this.#made.options;
  }

  /** The server's authority in the kubeconfig, as PEM text; '' if there is none. */
  authority(): string {
    return authorityText(this.#chosen)?.text ?? '';
  }

  #ownPair(): KeyPair | undefined {
    if (!hasCertificate(this.#chosen.user)) return undefined;
    const now = performance.now();
    if (this.#own && now - this.#readAt < limits.certificateFileMs) return this.#own;
    this.#readAt = now;
    try {
      const pair = ownPair(this.#chosen);
      if (!samePair(this.#own, pair)) contextOf(this.#chosen, [], pair);
      this.#own = pair;
    } catch (thrown) {
      // While somebody replaces the files, certificate and key may not match: keep the previous pair.
      if (this.#own === undefined) throw thrown;
    }
    return this.#own;
  }

  #make(pair: KeyPair | undefined): TlsOptions {
    const { cluster } = this.#chosen;
    const isChecked = cluster['insecure-skip-tls-verify'] !== true;
    this.#authorities ??= isChecked ? authoritiesOf(this.#chosen) : [];
    const name = cluster['tls-server-name'];
    return {
      secureContext: contextOf(this.#chosen, this.#authorities, pair),
      ...(!isChecked && { rejectUnauthorized: false }),
      ...(name !== undefined && nameOptions(name)),
    };
  }
}

/** An address is no server name (RFC 6066), but the certificate must be valid for it. */
function nameOptions(name: string): TlsOptions {
  if (isIP(name) === 0) return { servername: name };
  return { servername: '', checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) };
}

function authorityText({ clusterEntry, cluster }: ChosenContext): { text: string; field: string } | undefined {
  const data = cluster['certificate-authority-data'];
  if (data !== undefined) return { text: data.toString('latin1'), field: 'certificate-authority-data' };
  const [field, file] = ['certificate-authority', cluster['certificate-authority']];
  return file === undefined ? undefined : { text: readField(clusterEntry, field, file), field };
}

/** The certificates of the server's authorities. */
function authoritiesOf(chosen: ChosenContext): string[] {
  const given = authorityText(chosen);
  if (given === undefined) return systemRoots();
  const usable = certificateBlocks(given.text).filter(isCertificate);
  if (usable.length > 0) return usable;
  const place = placeOf(chosen.clusterEntry, given.field);
  throw new KubeconfigError(`${place} holds no certificate`, 'put the PEM certificate of the authority there');
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    // Like Go, skip it. The caller reports if there is no other.
    return false;
  }
}

function ownPair({ userEntry, user }: ChosenContext): KeyPair {
  const cert =
    user['client-certificate-data']?.toString('latin1') ??
    readField(userEntry, 'client-certificate', user['client-certificate'] ?? '');
  const key =
    user['client-key-data']?.toString('latin1') ?? readField(userEntry, 'client-key', user['client-key'] ?? '');
  return { cert, key };
}

function readField(entry: Entry, field: string, file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (thrown) {
    const message = `${placeOf(entry, field)}: cannot read ${file}: ${asError(thrown).message}`;
    throw new KubeconfigError(message, `make ${file} readable, or correct ${field}`);
  }
}

function contextOf({ userEntry, user }: ChosenContext, ca: string[], pair: KeyPair | undefined): SecureContext {
  // As in Go, a listed intermediate authority or server certificate is trusted.
  const base = { minVersion: 'TLSv1.2', allowPartialTrustChain: true, ...(ca.length > 0 && { ca }) } as const;
  if (pair === undefined) return createSecureContext(base);
  const isOwn = hasCertificate(user);
  const field = user['client-key-data'] === undefined ? 'client-key' : 'client-key-data';
  const place = placeOf(userEntry, isOwn ? field : 'exec');
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pair.key)) {
    const remedy = 'take the password off: openssl pkey -in KEY -out NEW-KEY; kubectl cannot use such a key, either';
    throw new KubeconfigError(`${place}: the key is protected by a password`, remedy);
  }
  try {
    return createSecureContext({ ...base, ...pair });
  } catch (thrown) {
    const what = isOwn ? 'client-certificate and client-key' : 'the certificate and key that the plugin printed';
    const message = `${place}: ${what} cannot be used: ${asError(thrown).message}`;
    throw new KubeconfigError(message, 'write a PEM certificate and the private key that belongs to it');
  }
}

function samePair(one: KeyPair | undefined, other: KeyPair | undefined): boolean {
  return one?.cert === other?.cert && one?.key === other?.key;
}

/** The distributions' bundles. Go reads the first one that exists: crypto/x509/root_linux.go. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const folders = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

/**
 * The authorities that kubectl trusts for a cluster without one: those of the machine, or of SSL_CERT_FILE and SSL_CERT_DIR.
 * Node's own list lacks an authority that an administrator has added.
 * @returns PEM blocks; Node's own if the machine has none
 */
function systemRoots(env: NodeJS.ProcessEnv = process.env): string[] {
  const files = env['SSL_CERT_FILE'] ? [env['SSL_CERT_FILE']] : bundles;
  let bundle: string | undefined;
  for (const file of files) bundle ??= readIfPossible(file);
  const paths = (env['SSL_CERT_DIR']?.split(':') ?? folders).flatMap(filesIn);
  const texts = [bundle, ...paths.map(readIfPossible)];
  const found = texts.flatMap((text = '') => certificateBlocks(text));
  // Node adds these to its own list only.
  const extra = env['NODE_EXTRA_CA_CERTS'] ? (readIfPossible(env['NODE_EXTRA_CA_CERTS']) ?? '') : '';
  return [...new Set([...(found.length > 0 ? found : rootCertificates), ...certificateBlocks(extra)])];
}

/** The certificates of a PEM text, in order. */
function certificateBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function readIfPossible(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // Like Go, skip what cannot be read.
    return undefined;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    // Another distribution has this folder.
    return [];
  }
}
