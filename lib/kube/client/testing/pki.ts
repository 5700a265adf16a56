import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type JsonGeneralName,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate with its key as PEM text, and an authority's way to issue more. */
export interface Identity {
  cert: string;
  key: string;
  /** Issues for a server with these names and addresses, for a client by its common name, or for another authority. */
  issue(commonName: string, options?: { names?: JsonGeneralName[]; isAuthority?: boolean }): Promise<Identity>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3600 * 1000;

/** An authority of a test's own. */
export async function newAuthority(): Promise<Identity> {
  cryptoProvider.set(webcrypto);
  return await make('authority', { isAuthority: true });
}

async function make(
  commonName: string,
  { names = [], isAuthority = false }: { names?: JsonGeneralName[]; isAuthority?: boolean },
  issuer?: { certificate: X509Certificate; key: webcrypto.CryptoKey },
): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
      .toString('hex')
      .replace(/^./, '1'),
    subject: `CN=${commonName}`,
    issuer: issuer?.certificate.subject ?? `CN=${commonName}`,
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + hour),
    publicKey: keys.publicKey,
    signingKey: issuer?.key ?? keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(isAuthority, undefined, true),
      ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`,
    issue: (name, options = {}) => make(name, options, { certificate, key: keys.privateKey }),
  };
}
