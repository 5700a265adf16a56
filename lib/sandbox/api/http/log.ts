/** The log subresource of pods. */
import { once } from 'node:events';
import { BufferedWriter } from '../../buffered-writer.ts';
import type { LogLine } from '../../contract.ts';
import { badRequest } from '../errors.ts';
import { at, textOf } from '../json.ts';
import { containerOf, type PodContainer } from './container.ts';
import { type Exchange, isTrue, type RequestTarget, type Service } from './request.ts';

/** Lines that come within this time (ms) share a packet. */
const GATHER_MS = 5;

/** @throws ApiError before the first line. Later the answer just ends. */
export async function serveLog(
  service: Service,
  { request, response, query }: Exchange,
  target: RequestTarget,
): Promise<void> {
  const container = containerOf(service, target, query.get('container') ?? '');
  const previous = isTrue(query.get('previous'));
  checkLog(container, previous);
  const sinceTime = sinceOf(query);
  const tail = query.get('tailLines');
  const end = new AbortController();
  response.on('close', () => end.abort());
  const lines = service.kubelet.logs(container.target, {
    follow: isTrue(query.get('follow')),
    previous,
    ...(sinceTime && { sinceTime }),
    ...(tail !== null && { tailLines: Number(tail) }),
    signal: end.signal,
  });
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.flushHeaders();
  request.socket.setNoDelay(true);
  const hasTimes = isTrue(query.get('timestamps'));
  const bufferedWriter = new BufferedWriter((text) => response.write(text), GATHER_MS);
  for await (const line of lines) {
    if (response.destroyed) break;
    bufferedWriter.add(`${hasTimes ? `${stamp(line)} ` : ''}${line.text}\n`);
    if (response.writableNeedDrain) await drained(response, end.signal);
  }
  bufferedWriter.flush();
  response.end();
}

async function drained(response: Exchange['response'], signal: AbortSignal): Promise<void> {
  await once(response, 'drain', { signal }).catch((error: Error) => {
    // The client went away.
    if (error.name !== 'AbortError') throw error;
  });
}

/** In nanoseconds, as Kubernetes writes it. */
function stamp({ time }: LogLine): string {
  return time.toISOString().replace('Z', '000000Z');
}

function checkLog({ target, status }: PodContainer, isPrevious: boolean): void {
  const { container, pod } = target;
  if (at(status, 'lastState', 'terminated') !== undefined) return;
  if (isPrevious) throw badRequest(`previous terminated container "${container}" in pod "${pod}" not found`);
  const waiting = at(status, 'state', 'waiting', 'reason');
  if (status === undefined || waiting !== undefined) {
    const reason = textOf(waiting) || 'ContainerCreating';
    throw badRequest(`container "${container}" in pod "${pod}" is waiting to start: ${reason}`);
  }
}

function sinceOf(query: URLSearchParams): Date | undefined {
  const seconds = query.get('sinceSeconds');
  if (seconds !== null) return new Date(Date.now() - Number(seconds) * 1000);
  const time = query.get('sinceTime');
  if (time === null) return undefined;
  const since = new Date(time);
  if (Number.isNaN(since.getTime())) throw badRequest(`"${time}" is not a time`);
  return since;
}
