import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  rootCertificates,
  type SecureContext,
} from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { type ChosenContext, hasCertificate } from './context.ts';
import { reasonOf } from './failures.ts';
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
 * @returns a function for the current options. Like client-go, it reads a certificate file again after a second. It takes
 * the pair of an exec plugin; a pair of the user's own comes first. It throws KubeconfigError naming the field whose content
 * cannot be used.
 */
export function tlsIdentity(chosen: ChosenContext): (plugin?: KeyPair) => TlsOptions {
  const { cluster } = chosen;
  const isChecked = cluster['insecure-skip-tls-verify'] !== true;
  let authorities: string[] | undefined;
  let own: KeyPair | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let made: { pair: KeyPair | undefined; options: TlsOptions } | undefined;

  const readOwn = (): void => {
    const now = performance.now();
    if (!hasCertificate(chosen.user) || (own && now - readAt < limits.certificateFileMs)) return;
    readAt = now;
    try {
      const pair = ownPair(chosen);
      if (!isDeepStrictEqual(own, pair)) secureContext(chosen, [], pair);
      own = pair;
    } catch (thrown) {
      // While somebody replaces the files, certificate and key may not match: keep the previous pair.
      if (own === undefined) throw thrown;
    }
  };

  return (plugin) => {
    readOwn();
    const pair = own ?? plugin;
    if (made && isDeepStrictEqual(made.pair, pair)) return made.options;
    authorities ??= isChecked ? authoritiesOf(chosen) : [];
    const options = {
      secureContext: secureContext(chosen, authorities, pair),
      ...(!isChecked && { rejectUnauthorized: false }),
      ...nameOptions(cluster['tls-server-name']),
    };
    made = { pair, options };
    return options;
  };
}

/** An address is no server name (RFC 6066), but the certificate must be valid for it. */
function nameOptions(name: string | undefined): TlsOptions {
  if (name === undefined) return {};
  if (isIP(name) === 0) return { servername: name };
  return { servername: '', checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) };
}

/** The server's authority in the kubeconfig, as PEM text; '' if there is none. */
export function authorityOf({ clusterEntry, cluster }: ChosenContext): string {
  const file = cluster['certificate-authority'];
  return (
    cluster['certificate-authority-data'] ??
    (file === undefined ? '' : readField(clusterEntry, 'certificate-authority', file))
  );
}

/** The certificates of the server's authorities. */
function authoritiesOf(chosen: ChosenContext): string[] {
  const { clusterEntry, cluster } = chosen;
  const field = (['certificate-authority-data', 'certificate-authority'] as const).find((each) => cluster[each]);
  if (field === undefined) return systemRoots();
  const usable = certificatesIn(authorityOf(chosen)).filter(isCertificate);
  if (usable.length > 0) return usable;
  const message = `${placeOf(clusterEntry, field)} holds no certificate`;
  throw new KubeconfigError(message, 'put the PEM certificate of the authority there');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    // Like Go, skip it. The caller reports if there is no other.
    return false;
  }
}

function ownPair({ userEntry, user }: ChosenContext): KeyPair {
  const [cert, key] = (['client-certificate', 'client-key'] as const).map(
    (field) => user[`${field}-data`] ?? readField(userEntry, field, user[field] ?? ''),
  );
  return { cert: cert ?? '', key: key ?? '' };
}

function readField(entry: Entry, field: string, file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (thrown) {
    const message = `${placeOf(entry, field)}: cannot read ${file}: ${reasonOf(thrown).message}`;
    throw new KubeconfigError(message, `make ${file} readable, or correct ${field}`);
  }
}

function secureContext({ userEntry, user }: ChosenContext, ca: string[], pair: KeyPair | undefined): SecureContext {
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
    const message = `${place}: ${what} cannot be used: ${reasonOf(thrown).message}`;
    throw new KubeconfigError(message, 'write a PEM certificate and the private key that belongs to it');
  }
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
function systemRoots({ SSL_CERT_FILE, SSL_CERT_DIR } = process.env): string[] {
  const certificatesOf = (file: string) => certificatesIn(unlessUnreadable('', () => readFileSync(file, 'latin1')));
  const bundle = (SSL_CERT_FILE ? [SSL_CERT_FILE] : bundles).find((file) => existsSync(file)) ?? '';
  const files = (SSL_CERT_DIR?.split(':') ?? folders).flatMap((folder) =>
    unlessUnreadable([], () => readdirSync(folder)).map((name) => join(folder, name)),
  );
  const found = [bundle, ...files].flatMap(certificatesOf);
  return found.length > 0 ? [...new Set(found)] : [...rootCertificates];
}

/** The certificates of a PEM text, in order. */
function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** Like Go, skips files and folders that cannot be read. */
function unlessUnreadable<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
