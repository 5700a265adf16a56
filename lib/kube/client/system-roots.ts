import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

/** The bundles of the distributions, of which Go reads the first that exists: crypto/x509/root_linux.go. */
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
 * The authorities that kubectl trusts for a cluster that names none: those of the machine, or of SSL_CERT_FILE and
 * SSL_CERT_DIR. Node's own list knows nothing of an authority that an administrator has added.
 * @returns PEM blocks; where the machine has none, those that Node brings
 */
export function systemRoots(env: NodeJS.ProcessEnv = process.env): string[] {
  const found = new Set<string>();
  const add = (text: string) => {
    for (const block of certificateBlocks(text)) found.add(block);
  };
  for (const file of env['SSL_CERT_FILE'] ? [env['SSL_CERT_FILE']] : bundles) {
    const text = readIfThere(file);
    if (text === undefined) continue;
    add(text);
    break;
  }
  for (const folder of env['SSL_CERT_DIR']?.split(':') ?? folders) {
    for (const name of namesIn(folder)) add(readIfThere(join(folder, name)) ?? '');
  }
  if (found.size === 0) rootCertificates.forEach(add);
  // What Node adds to its own list, it does not add to a list that it is given.
  if (env['NODE_EXTRA_CA_CERTS']) add(readIfThere(env['NODE_EXTRA_CA_CERTS']) ?? '');
  return [...found];
}

/** The certificates of a PEM text, in order. */
export function certificateBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // As Go does: what cannot be read is passed over, and a server whose authority was in there is refused by name.
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder of another distribution.
    return [];
  }
}
