import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { DataFault } from '../../faults/fault.ts';
import { allowsRequest } from '../../mesh/decide.ts';
import type { InboundPort } from '../../mesh/sidecar-config.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']);

interface Client {
  principal: string;
  /** The application's port that it has asked for. */
  port: number;
}

/** Judges each HTTP request of a connection by itself, so that a changed policy holds for connections that are kept alive. */
export class RequestJudge {
  readonly #clients = new WeakMap<object, Client>();
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

  take(stream: ServerHttp2Stream, port: number, principal: string): void {
    this.#clients.set(stream, { port, principal });
    this.#server.emit('connection', writingBytes(stream));
  }

  #judge(asked: IncomingMessage, answer: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = asked;
    const { port, principal } = this.#clients.get(asked.socket) ?? { port: 0, principal: 'nobody' };
    const inbound = this.#inbound(port);
    const right = inbound !== undefined && allowsRequest(inbound, principal, { method, url, headers });
    const isAllowed = this.#fault.request?.(right, asked, principal, port) ?? right;
    this.#say(`inbound ${principal} -> ${port} ${method} ${url} ${isAllowed ? 'allowed' : 'denied'}`);
    if (isAllowed && this.#fault.serve?.(asked, answer, port)) return;
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

/** node:http writes Latin-1 texts, which a stream of HTTP/2 garbles in Node 20. */
function writingBytes(stream: ServerHttp2Stream): ServerHttp2Stream {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = (chunk: unknown, encoding?: unknown, done?: unknown): boolean =>
    typeof chunk === 'string'
      ? write(Buffer.from(chunk, encoding as BufferEncoding), done)
      : write(chunk, encoding, done);
  return stream;
}

function plain(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': text.length }).end(text);
}

/** Raw headers without those that belong to one connection. */
function endToEnd(raw: string[]): string[] {
  return raw.filter((_, at) => !HOP_BY_HOP.has((raw[at - (at % 2)] ?? '').toLowerCase()));
}
