import { connect, type Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { decideInbound } from '../../mesh/decide.ts';
import { principalIn } from '../../mesh/principal.ts';
import type { InboundPort, SidecarConfig } from '../../mesh/sidecar-config.ts';
import { relay, tellLoss } from '../../relay.ts';
import { RequestJudge } from './request-judge.ts';

const HANDSHAKE_RECORD = 0x16;
const FIRST_WORD_MS = 15_000;

/** Takes others' connections to the application: only with a certificate of the mesh, and only as the policies say. */
export class Inbound {
  #config: SidecarConfig;
  readonly #tls: Server;
  readonly #judge: RequestJudge;
  readonly #say: (line: string) => void;

  constructor(config: SidecarConfig, credentials: SecureContextOptions, say: (line: string) => void) {
    this.#config = config;
    this.#say = say;
    this.#judge = new RequestJudge((port) => this.#inbound(port), config.podAddress, say);
    this.#tls = createServer({ ...credentials, requestCert: true, rejectUnauthorized: true }, (client) =>
      this.#admit(client),
    );
    this.#tls.on('tlsClientError', (error) => say(`inbound handshake failed: ${error.message}`));
  }

  update(config: SidecarConfig, credentials: SecureContextOptions): void {
    this.#config = config;
    this.#tls.setSecureContext(credentials);
  }

  accept(client: Socket): void {
    client.on('error', () => client.destroy());
    client.setTimeout(FIRST_WORD_MS, () => client.resetAndDestroy());
    const hangUp = (): void => {
      client.end();
    };
    client.once('end', hangUp);
    client.once('data', (first: Buffer) => {
      client.setTimeout(0);
      client.off('end', hangUp);
      if (first[0] !== HANDSHAKE_RECORD) {
        this.#say(`inbound ${client.remoteAddress} -> ${client.localPort} refused: not of the mesh`);
        client.resetAndDestroy();
        return;
      }
      client.pause();
      client.unshift(first);
      this.#tls.emit('connection', client);
    });
  }

  #admit(client: TLSSocket): void {
    const port = client.localPort ?? 0;
    const principal = principalIn(client.getPeerCertificate().subjectaltname) ?? 'nobody';
    const decision = decideInbound(this.#inbound(port), principal);
    client.on('error', () => client.destroy());
    if (decision.action === 'judge-requests') {
      this.#judge.take(client, principal);
      return;
    }
    this.#say(`inbound ${principal} -> ${port} ${decision.action}`);
    if (decision.action === 'refuse') {
      tellLoss(client, 'end');
      return;
    }
    const application = connect({ host: this.#config.podAddress, port, allowHalfOpen: true, noDelay: true });
    relay(client, application, 'end');
  }

  #inbound(port: number): InboundPort | undefined {
    return this.#config.inbound.find((each) => each.port === port);
  }
}
