import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { createAuthority, type Subject } from './pki.ts';

/** Connects over mutual TLS; answers what the server learnt of the client, or the client's error. */
async function handshake(serverBy: string, clientBy: string, client: Subject): Promise<{ names: string | undefined }> {
  const authorities = { one: await createAuthority('one, the first'), other: await createAuthority('one, the first') };
  const by = (name: string) => (name === 'one' ? authorities.one : authorities.other);
  const own = await by(serverBy).issue({ commonName: 'server', ips: ['127.0.0.1'], dnsNames: ['localhost'] });
  const theirs = await by(clientBy).issue(client);
  const ca = authorities.one.certificatePem;
  const server = createServer({ key: own.keyPem, cert: own.certPem, ca, requestCert: true, rejectUnauthorized: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const verdict = new Promise<TLSSocket>((resolve, reject) => {
    server.on('secureConnection', resolve);
    server.on('tlsClientError', reject);
  });
  const socket = connect({ port, host: '127.0.0.1', ca, key: theirs.keyPem, cert: theirs.certPem });
  const broken = new Promise<never>((_resolve, reject) => socket.on('error', reject));
  try {
    const peer = await Promise.race([verdict, broken]);
    return { names: peer.getPeerCertificate().subjectaltname };
  } finally {
    socket.destroy();
    server.close();
  }
}

describe('an authority', () => {
  test('lets both sides of a connection know each other, by name', async () => {
    const uri = 'spiffe://cluster.local/ns/curl/sa/curl';

    expect(await handshake('one', 'one', { commonName: 'curl', uris: [uri] })).toEqual({ names: `URI:${uri}` });
  });

  test('is not taken for another of the same name', async () => {
    const client = { commonName: 'curl', dnsNames: ['curl'] };

    await expect(handshake('other', 'one', client)).rejects.toThrow();
    await expect(handshake('one', 'other', client)).rejects.toThrow();
  });
});
