/** The exec subresource of pods: WebSocket, with version 5 of the channels' protocol. */
import { constants } from 'node:os';
import { PassThrough, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import type { ContainerTarget, ExecHandle } from '../../contract.ts';
import { ApiError, badRequest, type Status, statusWith } from '../errors.ts';
import { at } from '../json.ts';
import { containerOf } from './container.ts';
import { isTrue, type RequestTarget, type Service } from './request.ts';

export const execProtocol = 'v5.channel.k8s.io';

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 };
/** Bytes that may wait for a slow client before the command has to wait. */
const highWater = 1024 * 1024;

interface ExecRequest {
  target: ContainerTarget;
  argv: string[];
  /** Whether the client asks for a stream, or for a terminal by `tty`. */
  wants(name: 'stdin' | 'stdout' | 'stderr' | 'tty'): boolean;
}

/** @throws ApiError if there is no command, or no running container */
export function readExec(service: Service, target: RequestTarget, query: URLSearchParams): ExecRequest {
  const container = containerOf(service, target, query.get('container') ?? '');
  const argv = query.getAll('command');
  if (argv.length === 0) throw badRequest('you must specify at least 1 command for the container');
  const wants: ExecRequest['wants'] = (name) => isTrue(query.get(name));
  if (!wants('stdin') && !wants('stdout') && !wants('stderr'))
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  if (at(container.status, 'state', 'running') === undefined)
    throw failure(`${container.target.container} does not run`);
  return { target: container.target, argv, wants };
}

/** Runs the command, until it or the socket ends. */
export function serveExec({ kubelet }: Service, socket: WebSocket, { target, argv, wants }: ExecRequest): void {
  const isTerminal = wants('tty');
  const stdin = wants('stdin') ? new PassThrough() : undefined;
  const stdout = wants('stdout') ? outputTo(socket, channel.stdout) : undefined;
  const stderr = wants('stderr') && !isTerminal ? outputTo(socket, channel.stderr) : undefined;
  // Kubernetes opens with an empty frame. Clients take it as the sign that the session is up.
  if (stdout !== undefined || stderr !== undefined)
    socket.send(Buffer.of(stdout === undefined ? channel.stderr : channel.stdout));
  let handle: ExecHandle;
  try {
    handle = kubelet.exec(target, argv, {
      ...(stdin && { stdin }),
      ...(stdout && { stdout }),
      ...(stderr && { stderr }),
      isTerminal,
    });
  } catch (error) {
    finish(socket, failedToStart(error));
    return;
  }
  socket.on('message', (frame: Buffer) => {
    const [id, first] = frame;
    if (id === channel.stdin && !stdin?.writableEnded) stdin?.write(frame.subarray(1));
    // The client has closed one of its channels.
    if (id === channel.close && first === channel.stdin) stdin?.end();
  });
  // A close follows, and is handled.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    stdin?.end();
    handle.kill();
  });
  handle.exit
    .then(ended, failedToStart)
    .then(async (status) => {
      // The status is the last frame, after all output.
      await Promise.all([drained(stdout), drained(stderr)]);
      finish(socket, status);
    })
    .catch(() => socket.terminate());
}

function outputTo(socket: WebSocket, id: number): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const isSlow = socket.bufferedAmount >= highWater;
      socket.send(Buffer.concat([Buffer.of(id), chunk]), (error) => {
        // If the client has gone, the socket's close ends the command.
        if (isSlow) done(socket.readyState === socket.OPEN ? error : undefined);
      });
      if (!isSlow) done();
    },
  });
}

function finish(socket: WebSocket, status: Status): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.send(Buffer.concat([Buffer.of(channel.error), Buffer.from(JSON.stringify(status))]));
  socket.close(1000);
}

async function drained(stream: Writable | undefined): Promise<void> {
  if (stream === undefined) return;
  stream.end();
  await finished(stream);
}

function ended(exit: number | NodeJS.Signals): Status {
  const code = typeof exit === 'number' ? exit : 128 + constants.signals[exit];
  if (code === 0) return statusWith('Success', {});
  return statusWith('Failure', {
    message: `command terminated with exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });
}

function failedToStart(error: unknown): Status {
  return failure(error instanceof Error ? error.message : String(error)).status;
}

function failure(why: string): ApiError {
  return new ApiError(500, 'InternalError', `Internal error occurred: error executing command in container: ${why}`);
}
