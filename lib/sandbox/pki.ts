/** The certificates of one run: for the API server and for the sidecars' identities. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** The names in a certificate. */
export interface Subject {
  commonName: string;
  uris?: string[];
  dnsNames?: string[];
  ips?: string[];
}

export interface Authority {
  /** Others verify the authority's certificates by it. */
  certificatePem: string;
  /** Issues a key and a certificate for servers and clients, valid as long as the authority's own. */
  issue(subject: Subject): Promise<{ keyPem: string; certPem: string }>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const week = 7 * 24 * 3600 * 1000;
/** Clocks may differ a little. */
const clockSkew = 3600 * 1000;

/** Makes an authority for this process. It never writes its key to a file. */
export async function createAuthority(name: string): Promise<Authority> {
  cryptoProvider.set(webcrypto);
  const keys = await newKeys();
  const validity = { notBefore: new Date(Date.now() - clockSkew), notAfter: new Date(Date.now() + week) };
  const own = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    ...validity,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificatePem: own.toString('pem'),
    async issue(subject) {
      const subjectKeys = await newKeys();
      const certificate = await X509CertificateGenerator.create({
        subject: [{ CN: [subject.commonName] }],
        issuer: own.subject,
        ...validity,
        publicKey: subjectKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          new SubjectAlternativeNameExtension(namesOf(subject)),
          await AuthorityKeyIdentifierExtension.create(own),
        ],
      });
      const key = await webcrypto.subtle.exportKey('pkcs8', subjectKeys.privateKey);
      return { keyPem: PemConverter.encode(key, 'PRIVATE KEY'), certPem: certificate.toString('pem') };
    },
  };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function namesOf({ uris = [], dnsNames = [], ips = [] }: Subject): JsonGeneralName[] {
  return [
    ...uris.map((value) => ({ type: 'url' as const, value })),
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ];
}
