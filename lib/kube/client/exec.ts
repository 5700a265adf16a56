import type { ClientRequest, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import WebSocket from 'ws';
import {
  ClusterError,
  type ContainerRef,
  type ExecEnd,
  type ExecHandlers,
  type ExecResult,
  type ExecSession,
} from '../cluster.ts';
import type { Api } from './api.ts';
import type { Access } from './endpoint.ts';
import {
  channels,
  closingProtocol,
  endOfInput,
  execProtocols,
  inputFrames,
  openFrame,
  readStatus,
} from './exec-channels.ts';
import { asError, connectionFailure, refusal, TransientError } from './failures.ts';
import { limits } from './limits.ts';
import { retrying } from './retry.ts';
import { Scope } from './scope.ts';

interface Command {
  target: ContainerRef;
  argv: string[];
  stdin: boolean;
}

/**
 * Starts a command; resolves when the session is open. Refused connections are tried again, since nothing has run then.
 * @throws ClusterError
 */
export async function openExec(
  api: Api,
  command: Command,
  handlers: ExecHandlers,
  signal: AbortSignal,
): Promise<ExecSession> {
  const socket = await retrying(() => connect(api, command, signal), { signal, log: api.log });
  return new Session(socket, handlers, api.closing);
}

/** Runs a command to its end; what goes wrong is the result's `fault`. */
export async function exec(
  api: Api,
  target: ContainerRef,
  argv: string[],
  options: { timeoutMs: number; stdin?: string },
): Promise<ExecResult> {
  const scope = new Scope([api.closing], options.timeoutMs);
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const end = await run(api, { target, argv, stdin: options.stdin !== undefined }, output, options.stdin, scope);
  scope.end();
  const late =
    scope.expired && end.exitCode === undefined ? { fault: `no end within ${options.timeoutMs / 1000} s` } : {};
  return { ...end, ...late, stdout: textOf(output.stdout), stderr: textOf(output.stderr) };
}

async function run(
  api: Api,
  command: Command,
  output: { stdout: Buffer[]; stderr: Buffer[] },
  stdin: string | undefined,
  scope: Scope,
): Promise<ExecEnd> {
  const handlers: ExecHandlers = {
    stdout: (chunk) => output.stdout.push(chunk),
    stderr: (chunk) => output.stderr.push(chunk),
  };
  try {
    const session = await openExec(api, command, handlers, scope.signal);
    scope.signal.addEventListener('abort', () => session.close(), { once: true });
    if (scope.signal.aborted) session.close();
    if (stdin !== undefined) {
      session.write(stdin);
      session.endInput();
    }
    return await session.ended;
  } catch (thrown) {
    return { fault: asError(thrown).message };
  }
}

function textOf(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}

async function connect(api: Api, command: Command, signal: AbortSignal): Promise<WebSocket> {
  const { namespace, pod, container } = command.target;
  const what = `exec in container ${container} of Pod ${namespace}/${pod}`;
  const query = new URLSearchParams({ container, stdin: String(command.stdin), stdout: 'true', stderr: 'true' });
  for (const word of command.argv) query.append('command', word);
  const place = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec`;
  const url = api.url(`${place}?${query}`);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return await api.authenticated(what, signal, (access) => handshake(url, what, access, signal));
}

async function handshake(url: URL, what: string, access: Access, signal: AbortSignal): Promise<WebSocket> {
  return await new Promise<WebSocket>((resolve, reject) => {
    const {
      headers,
      connections: { upgrade: agent },
    } = access;
    const options = { agent, headers, perMessageDeflate: false } as const;
    const socket = new WebSocket(url, execProtocols, options);
    const scope = new Scope([signal], limits.requestMs);
    scope.signal.addEventListener('abort', () => socket.terminate(), { once: true });
    socket.once('open', () => {
      scope.end();
      // Output may come in the same packet as the handshake's answer, before anybody listens.
      socket.pause();
      resolve(socket);
    });
    socket.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      void refused(what, response).then((error) => {
        reject(error);
        socket.terminate();
      });
    });
    socket.on('error', (thrown) => {
      scope.end();
      reject(openFailure(what, thrown, scope));
    });
  });
}

async function refused(what: string, response: IncomingMessage): Promise<ClusterError> {
  try {
    const { 'retry-after': retryAfter } = response.headers;
    const status = response.statusCode ?? 0;
    return refusal(what, { status, text: await text(response), ...(retryAfter !== undefined && { retryAfter }) });
  } catch (thrown) {
    return connectionFailure(what, thrown);
  }
}

function openFailure(what: string, thrown: unknown, scope: Scope): ClusterError {
  if (scope.expired) {
    return new TransientError('unreachable', `cannot ${what}: no answer within ${limits.requestMs / 1000} s`);
  }
  return scope.signal.aborted
    ? new ClusterError('aborted', `did not ${what}: aborted`)
    : connectionFailure(what, thrown);
}

/** A session over an open socket. It ends with the status frame, with the socket, or after a silence, whichever is first. */
class Session implements ExecSession {
  readonly ended: Promise<ExecEnd>;
  readonly #socket: WebSocket;
  readonly #closing: AbortSignal;
  readonly #close = (): void => this.close();
  readonly #pinging: NodeJS.Timeout;
  #settle: (end: ExecEnd) => void = () => undefined;
  #status: ExecEnd | undefined;
  #fault: string | undefined;
  #heardAt = performance.now();
  #pingedAt = performance.now();
  #lateOutput: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, handlers: ExecHandlers, closing: AbortSignal) {
    this.#socket = socket;
    this.#closing = closing;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    socket.on('message', (message) => this.#message(message as Buffer, handlers));
    socket.on('pong', () => this.#heard());
    socket.on('error', (thrown) => this.#blame(asError(thrown).message));
    socket.on('close', (code, reason) => this.#closed(code, reason.toString()));
    this.#pinging = setInterval(() => this.#ping(), limits.pingEveryMs);
    closing.addEventListener('abort', this.#close, { once: true });
    if (closing.aborted) this.close();
    socket.resume();
  }

  write(stdin: string): void {
    for (const frame of inputFrames(stdin)) this.#send(frame);
  }

  endInput(): void {
    if (this.#socket.protocol === closingProtocol) this.#send(endOfInput());
    else this.#end(`the API server's exec protocol '${this.#socket.protocol}' cannot end standard input`);
  }

  close(): void {
    this.#end('the session was closed before the command ended');
  }

  #send(frame: Buffer): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  #message(message: Buffer, handlers: ExecHandlers): void {
    this.#heard();
    const { channel, payload } = openFrame(message);
    if (payload.length === 0) return;
    if (channel === channels.stdout) handlers.stdout(payload);
    else if (channel === channels.stderr) handlers.stderr(payload);
    else if (channel === channels.status) {
      this.#status = readStatus(payload);
      this.#lateOutput = setTimeout(() => this.#socket.terminate(), limits.lateOutputMs);
    }
  }

  #heard(): void {
    this.#heardAt = performance.now();
  }

  #ping(): void {
    const now = performance.now();
    // When this process itself stood still, the silence proves nothing.
    const stoodStill = now - this.#pingedAt > 2 * limits.pingEveryMs;
    this.#pingedAt = now;
    if (stoodStill) this.#heard();
    if (now - this.#heardAt > limits.silenceMs) {
      this.#end(`the API server has not been heard of for ${limits.silenceMs / 1000} s`);
    } else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #blame(fault: string): void {
    this.#fault ??= fault;
  }

  #end(fault: string): void {
    if (this.#status === undefined) this.#blame(fault);
    this.#socket.terminate();
  }

  #closed(code: number, reason: string): void {
    clearInterval(this.#pinging);
    clearTimeout(this.#lateOutput);
    this.#closing.removeEventListener('abort', this.#close);
    const why = reason === '' ? `${code}` : `${code}, ${reason}`;
    this.#settle(this.#status ?? { fault: this.#fault ?? `the connection ended without a status (${why})` });
  }
}
