import type { ClientRequest, IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { ContainerRef, ExecEnd, ExecHandlers, ExecResult, ExecSession } from '../cluster.ts';
import type { Api } from './api.ts';
import type { Access } from './endpoint.ts';
import { connectionFailure, isRecord, parseJson, readRefusal, reasonOf } from './failures.ts';
import { limits } from './limits.ts';
import { retrying, Scope } from './retry.ts';

/** Sub-protocols of exec, best first. Only v5 can end standard input. */
const execProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

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
  { target, argv, stdin }: Command,
  handlers: ExecHandlers,
  signal: AbortSignal,
): Promise<ExecSession> {
  const { namespace, pod, container } = target;
  const what = `exec in container ${container} of Pod ${namespace}/${pod}`;
  const query = new URLSearchParams({ container, stdin: String(stdin), stdout: 'true', stderr: 'true' });
  for (const word of argv) query.append('command', word);
  const place = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec`;
  const url = api.url(`${place}?${query}`);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const connect = () => api.authenticated(what, signal, (access) => handshake(url, what, access, signal));
  return sessionOver(await retrying(connect, { signal, log: api.log }), handlers, api.closing);
}

/** Runs a command to its end. Everything that goes wrong is the `fault` of the result. */
export async function exec(
  api: Api,
  target: ContainerRef,
  argv: string[],
  { timeoutMs, stdin }: { timeoutMs: number; stdin?: string },
): Promise<ExecResult> {
  const scope = new Scope([api.closing], timeoutMs);
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const handlers = {
    stdout: (chunk: Buffer) => output.stdout.push(chunk),
    stderr: (chunk: Buffer) => output.stderr.push(chunk),
  };
  const run = async (): Promise<ExecEnd> => {
    const session = await openExec(api, { target, argv, stdin: stdin !== undefined }, handlers, scope.signal);
    scope.signal.addEventListener('abort', () => session.close(), { once: true });
    if (scope.signal.aborted) session.close();
    if (stdin !== undefined) {
      session.write(stdin);
      session.endInput();
    }
    return await session.ended;
  };
  const end = await run().catch((thrown: unknown): ExecEnd => ({ fault: reasonOf(thrown).message }));
  scope.end();
  const late = scope.expired && end.exitCode === undefined ? { fault: `no end within ${timeoutMs / 1000} s` } : {};
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
  return { ...end, ...late, stdout: text(output.stdout), stderr: text(output.stderr) };
}

function handshake(url: URL, what: string, { headers, connections }: Access, signal: AbortSignal): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
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
    socket.once('unexpected-response', async (_request: ClientRequest, response: IncomingMessage) => {
      reject(await readRefusal(what, response).catch((thrown: unknown) => connectionFailure(what, thrown)));
      socket.terminate();
    });
    socket.on('error', (thrown) => {
      scope.end();
      reject(scope.failure(what, thrown, limits.requestMs));
    });
  });
}

/** A session over an open socket. It ends with the status frame, with the socket, or after a silence. */
function sessionOver(socket: WebSocket, handlers: ExecHandlers, closing: AbortSignal): ExecSession {
  let status: ExecEnd | undefined;
  let fault: string | undefined;
  let heardAt = performance.now();
  let pingedAt = performance.now();
  let lateOutput: NodeJS.Timeout | undefined;

  const heard = (): void => {
    heardAt = performance.now();
  };
  const send = (frame: Buffer): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(frame);
  };
  const end = (why: string): void => {
    if (status === undefined) fault ??= why;
    socket.terminate();
  };
  const close = (): void => end('the session was closed before the command ended');
  const message = (frame: Buffer): void => {
    heard();
    const [channel, payload] = [frame[0], frame.subarray(1)];
    if (payload.length === 0) return;
    if (channel === channels.stdout) handlers.stdout(payload);
    else if (channel === channels.stderr) handlers.stderr(payload);
    else if (channel === channels.status) {
      status = readStatus(payload);
      lateOutput = setTimeout(() => socket.terminate(), limits.lateOutputMs);
    }
  };
  const ping = (): void => {
    const now = performance.now();
    // If this process itself was stalled, the silence proves nothing.
    if (now - pingedAt > 2 * limits.pingEveryMs) heard();
    pingedAt = now;
    if (now - heardAt > limits.silenceMs) end(`the API server was silent for ${limits.silenceMs / 1000} s`);
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  };

  const pinging = setInterval(ping, limits.pingEveryMs);
  const ended = new Promise<ExecEnd>((resolve) => {
    socket.on('close', (code, reason) => {
      clearInterval(pinging);
      clearTimeout(lateOutput);
      closing.removeEventListener('abort', close);
      const why = reason.length === 0 ? `${code}` : `${code}, ${reason}`;
      resolve(status ?? { fault: fault ?? `the connection ended without a status (${why})` });
    });
  });
  socket.on('message', message);
  socket.on('pong', heard);
  socket.on('error', (thrown) => {
    fault ??= reasonOf(thrown).message;
  });
  closing.addEventListener('abort', close, { once: true });
  if (closing.aborted) close();
  socket.resume();
  return {
    ended,
    close,
    write(input) {
      for (const frame of inputFrames(input)) send(frame);
    },
    endInput() {
      if (socket.protocol === execProtocols[0]) send(Buffer.from([channels.close, channels.stdin]));
      else end(`the API server's exec protocol '${socket.protocol}' cannot end standard input`);
    },
  };
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
