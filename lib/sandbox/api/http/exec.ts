/** The exec subresource of pods: WebSocket, with version 5 of the channels' protocol. */
import { constants } from 'node:os';
import { PassThrough, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import type { ContainerTarget, ExecHandle } from '../../contract.ts';
import { badRequest, internal, type Status } from '../errors.ts';
import { at } from '../json.ts';
import { containerOf } from './container.ts';
import { isTrue, type RequestTarget, type Service } from './request.ts';

export const execProtocol = 'v5.channel.k8s.io';

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 };
/** Bytes that may wait for a slow client before the command has to wait. */
const highWater = 1024 * 1024;

export interface ExecRequest {
  target: ContainerTarget;
  argv: string[];
  hasStdin: boolean;
  hasStdout: boolean;
  hasStderr: boolean;
  isTerminal: boolean;
}

/** @throws ApiError if there is no command, or no running container */
export function readExec(service: Service, target: RequestTarget, query: URLSearchParams): ExecRequest {
  const container = containerOf(service, target, query.get('container') ?? '');
  const argv = query.getAll('command');
  if (argv.length === 0) throw badRequest('you must specify at least 1 command for the container');
  const flag = (name: string): boolean => isTrue(query.get(name));
  if (!flag('stdin') && !flag('stdout') && !flag('stderr'))
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  const { phase, status } = container;
  if (phase === 'Succeeded' || phase === 'Failed')
    throw badRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`);
  if (at(status, 'state', 'running') === undefined)
    throw internal(`error executing command in container: ${container.target.container} does not run`);
  const isTerminal = flag('tty');
  const hasStderr = flag('stderr') && !isTerminal;
  return {
    target: container.target,
    argv,
    hasStdin: flag('stdin'),
    hasStdout: flag('stdout'),
    hasStderr,
    isTerminal,
  };
}

/** Runs the command, until it or the socket ends. */
export function serveExec(service: Service, socket: WebSocket, exec: ExecRequest): void {
  const stdin = exec.hasStdin ? new PassThrough() : undefined;
  const send = (id: number, chunk: Buffer, done: (error?: Error | null) => void): void => {
    socket.send(Buffer.concat([Buffer.of(id), chunk]), (error) => {
      // If the client has gone, the socket's close ends the command.
      if (error !== undefined && error !== null && socket.readyState === socket.OPEN) done(error);
      else done();
    });
  };
  const output = (id: number): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (socket.bufferedAmount < highWater) {
          send(id, chunk, () => undefined);
          done();
        } else send(id, chunk, done);
      },
    });
  const stdout = exec.hasStdout ? output(channel.stdout) : undefined;
  const stderr = exec.hasStderr ? output(channel.stderr) : undefined;
  // Kubernetes opens with an empty frame. Clients take it as the sign that the session is up.
  if (stdout !== undefined) send(channel.stdout, Buffer.alloc(0), () => undefined);
  else if (stderr !== undefined) send(channel.stderr, Buffer.alloc(0), () => undefined);

  const finish = (status: Status): void => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(Buffer.concat([Buffer.of(channel.error), Buffer.from(JSON.stringify(status))]));
    socket.close(1000);
  };
  let handle: ExecHandle;
  try {
    handle = service.kubelet.exec(exec.target, exec.argv, {
      ...(stdin === undefined ? {} : { stdin }),
      ...(stdout === undefined ? {} : { stdout }),
      ...(stderr === undefined ? {} : { stderr }),
      isTerminal: exec.isTerminal,
    });
  } catch (error) {
    finish(failedToStart(error));
    return;
  }
  socket.on('message', (data: Buffer) => receive(data, stdin));
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
      finish(status);
    })
    .catch(() => socket.terminate());
}

async function drained(stream: Writable | undefined): Promise<void> {
  if (stream === undefined) return;
  stream.end();
  await finished(stream);
}

function receive(frame: Buffer, stdin: PassThrough | undefined): void {
  const [id, first] = frame;
  if (id === channel.stdin && stdin !== undefined && !stdin.writableEnded) stdin.write(frame.subarray(1));
  // The client has closed one of its channels.
  if (id === channel.close && first === channel.stdin) stdin?.end();
}

function ended(exit: number | NodeJS.Signals): Status {
  const code = typeof exit === 'number' ? exit : 128 + constants.signals[exit];
  const base = { kind: 'Status', apiVersion: 'v1', metadata: {} } as const;
  if (code === 0) return { ...base, status: 'Success' };
  return {
    ...base,
    status: 'Failure',
    message: `command terminated with exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

function failedToStart(error: unknown): Status {
  const why = error instanceof Error ? error.message : String(error);
  return internal(`error executing command in container: ${why}`).status;
}
