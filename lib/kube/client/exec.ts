import type { ClientRequest, IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { ClusterError, ContainerRef, ExecEnd, ExecHandlers, ExecResult, ExecSession } from '../cluster.ts';
import type { Api } from './api.ts';
import type { Access } from './endpoint.ts';
import { asError, connectionFailure, isRecord, parseJson, readRefusal } from './failures.ts';
import { limits } from './limits.ts';
import { retrying } from './retry.ts';
import { Scope } from './scope.ts';

/** Sub-protocols of exec, best first. Only v5 can end standard input. */
const execProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const closingProtocol = 'v5.channel.k8s.io';

const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 };

/** Servers may limit the size of a message. */
const largestInput = 32 * 1024;

interface Command {
  target: ContainerRef;
  argv: string[];
  stdin: boolean;
}

/**
 * Starts a command. Resolves when the session is open. Retries refused connections, because nothing has run then.
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

/** Runs a command to its end. Everything that goes wrong is the `fault` of the result. */
export async function exec(
  api: Api,
  target: ContainerRef,
  argv: string[],
  options: { timeoutMs: number; stdin?: string },
): Promise<ExecResult> {
  const scope = new Scope([api.closing], options.timeoutMs);
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const { stdin, timeoutMs } = options;
  const end = await run(api, { target, argv, stdin: stdin !== undefined }, output, stdin, scope);
  scope.end();
  const late = scope.expired && end.exitCode === undefined ? { fault: `no end within ${timeoutMs / 1000} s` } : {};
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
  return { ...end, ...late, stdout: text(output.stdout), stderr: text(output.stderr) };
}

async function run(
  api: Api,
  command: Command,
  { stdout, stderr }: { stdout: Buffer[]; stderr: Buffer[] },
  stdin: string | undefined,
  scope: Scope,
): Promise<ExecEnd> {
  try {
    const handlers = { stdout: (chunk: Buffer) => stdout.push(chunk), stderr: (chunk: Buffer) => stderr.push(chunk) };
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
    const { headers, connections } = access;
    const options = { agent: connections.upgrade, headers, perMessageDeflate: false };
    const socket = new WebSocket(url, execProtocols, options);
    const scope = new Scope([signal], limits.requestMs);
    scope.signal.addEventListener('abort', () => socket.terminate(), { once: true });
    socket.once('open', () => {
      scope.end();
      // Output may come with the handshake's answer, before anybody listens.
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
      reject(scope.failure(what, thrown, limits.requestMs));
    });
  });
}

async function refused(what: string, response: IncomingMessage): Promise<ClusterError> {
  try {
    return await readRefusal(what, response);
  } catch (thrown) {
    return connectionFailure(what, thrown);
  }
}

/** A session over an open socket. It ends with the status frame, with the socket, or after a silence. */
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
    socket.on('error', (thrown) => this.#fail(asError(thrown).message));
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
    // If this process itself was stalled, the silence proves nothing.
    const wasStalled = now - this.#pingedAt > 2 * limits.pingEveryMs;
    this.#pingedAt = now;
    if (wasStalled) this.#heard();
    if (now - this.#heardAt > limits.silenceMs) {
      this.#end(`the API server was silent for ${limits.silenceMs / 1000} s`);
    } else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #fail(fault: string): void {
    this.#fault ??= fault;
  }

  #end(fault: string): void {
    if (this.#status === undefined) this.#fail(fault);
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

/** The channel of a message and its content. */
export function openFrame(message: Buffer): { channel: number; payload: Buffer } {
  return { channel: message[0] ?? -1, payload: message.subarray(1) };
}

/** Messages that carry `input` to a command's standard input. */
export function inputFrames(input: string): Buffer[] {
  const bytes = Buffer.from(input);
  const frames: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += largestInput) {
    frames.push(Buffer.concat([Buffer.from([channels.stdin]), bytes.subarray(start, start + largestInput)]));
  }
  return frames;
}

/** The message that ends standard input. */
export function endOfInput(): Buffer {
  return Buffer.from([channels.close, channels.stdin]);
}

/** How a command ended, by the status frame: a Status whose cause `ExitCode` has the number if it is not 0. */
export function readStatus(payload: Buffer): ExecEnd {
  const status = parseJson(payload.toString());
  if (!isRecord(status)) return { fault: `the status frame is no Status: ${payload.toString().slice(0, 200)}` };
  if (status['status'] === 'Success') return { exitCode: 0 };
  const details = isRecord(status['details']) ? status['details'] : {};
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isRecord) : [];
  const cause = causes.find(({ reason }) => reason === 'ExitCode');
  const exitCode = Number(cause?.['message']);
  if (status['reason'] === 'NonZeroExitCode' && Number.isInteger(exitCode)) return { exitCode };
  return { fault: String(status['message'] ?? 'the command could not be run') };
}
