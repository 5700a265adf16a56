import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { DataFault } from '../../faults/index.ts';
import { allowsRequest } from '../../mesh/decide.ts';
import type { InboundPort } from '../../mesh/sidecar-config.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']);

/** Judges each HTTP request of a connection by itself, so that a changed policy holds for connections that are kept alive. */
export class RequestJudge {
  readonly #principals = new WeakMap<object, string>();
  readonly #server: Server;
  readonly #inbound: (port: number) => InboundPort | undefined;
  readonly #application: string;
  readonly #fault: DataFault;
  readonly #say: (line: string) => void;

  /** @param inbound - the rules of a port as they are now */
  constructor(
    inbound: (port: number) => InboundPort | undefined,
    application: string,
    fault: DataFault,
    say: (line: string) => void,
  ) {
    this.#inbound = inbound;
    this.#application = application;
    this.#fault = fault;
    this.#say = say;
    this.#server = createServer((asked, answer) => this.#judge(asked, answer));
  }

  take(client: TLSSocket, principal: string): void {
    this.#principals.set(client, principal);
    this.#server.emit('connection', client);
  }

  #judge(asked: IncomingMessage, answer: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = asked;
    const port = asked.socket.localPort ?? 0;
    const principal = this.#principals.get(asked.socket) ?? 'nobody';
    const inbound = this.#inbound(port);
    const right = inbound !== undefined && allowsRequest(inbound, principal, { method, url, headers });
    const isAllowed = this.#fault.request?.(right, asked, principal) ?? right;
    this.#say(`inbound ${principal} -> ${port} ${method} ${url} ${isAllowed ? 'allowed' : 'denied'}`);
    if (isAllowed && this.#fault.serve?.(asked, answer)) return;
    if (isAllowed) this.#forward(asked, answer, port);
    else if (this.#fault.deny !== undefined) this.#fault.deny(asked, answer);
    else plain(answer, 403, 'RBAC: access denied');
  }

  #forward(asked: IncomingMessage, answer: ServerResponse, port: number): void {
    const { method, url: path } = asked;
    const headers = endToEnd(asked.rawHeaders);
    const forwarded = request({ host: this.#application, port, method, path, headers, setHost: false, agent: false });
    forwarded.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.statusMessage, endToEnd(response.rawHeaders));
      response.on('error', () => answer.destroy());
      const changed = this.#fault.body?.();
      if (changed === undefined) response.pipe(answer);
      else response.pipe(changed).pipe(answer);
    });
    forwarded.on('error', (error) => {
      this.#say(`inbound ${port} application failed: ${error.message}`);
      if (answer.headersSent) answer.destroy();
      else plain(answer, 503, 'upstream connect error or disconnect/reset before headers');
    });
    asked.on('error', () => forwarded.destroy());
    answer.on('close', () => forwarded.destroy());
    asked.pipe(forwarded);
  }
}

function plain(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': text.length }).end(text);
}

/** Raw headers without those that belong to one connection. */
function endToEnd(raw: string[]): string[] {
  return raw.filter((_, at) => !HOP_BY_HOP.has((raw[at - (at % 2)] ?? '').toLowerCase()));
}
