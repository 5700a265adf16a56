/** Watches: sends the objects that are there, then each change, as lines of JSON. */
import type { Manifest } from '../../contract.ts';
import { ApiError, badRequest } from '../errors.ts';
import type { Change, Store } from '../store.ts';
import type { Exchange } from './request.ts';

/** An object in the form that the client wants. */
export type Shown = (object: Manifest) => unknown;

interface Watched {
  store: Store;
  /** The kind's plural and group, such as `deployments.apps`. */
  storage: string;
  shown: Shown;
  isWanted(object: Manifest): boolean;
}

const longestSeconds = 3600;

/**
 * Answers at once, and sends until the client or its time limit ends the watch.
 * @throws ApiError 400 for a malformed resource version
 */
export function serveWatch({ request, response, query }: Exchange, { store, storage, shown, isWanted }: Watched): void {
  const start = startOf(query);
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  // Changes are small, and clients wait for each.
  request.socket.setNoDelay(true);

  const send = (type: string, object: unknown): void => {
    // The time limit may have ended the answer while the client still has the connection.
    if (!response.writableEnded) response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const deliver = (change: Change): void => {
    const type = seenAs(change, isWanted);
    if (type !== undefined) send(type, shown(change.object));
  };
  const missed = start === undefined ? [] : store.since(storage, start);
  if (missed === undefined) {
    send('ERROR', new ApiError(410, 'Expired', `too old resource version: ${start}`).status);
    response.end();
    return;
  }
  if (start === undefined) for (const object of store.list(storage)) if (isWanted(object)) send('ADDED', shown(object));
  for (const change of missed) deliver(change);

  const stop = store.subscribe(storage, deliver);
  const seconds = Math.min(Number(query.get('timeoutSeconds') ?? longestSeconds), longestSeconds);
  const limit = setTimeout(() => response.end(), seconds * 1000);
  response.on('close', () => {
    stop();
    clearTimeout(limit);
  });
}

/** The revision to continue from; undefined to begin with the objects that are there. */
function startOf(query: URLSearchParams): number | undefined {
  const given = query.get('resourceVersion') ?? '';
  if (given === '' || given === '0') return undefined;
  const revision = Number(given);
  if (!Number.isSafeInteger(revision) || revision < 0) throw badRequest(`"${given}" is not a resource version`);
  return revision;
}

/** The type of a change for a watch of some objects: an object that is no longer selected counts as deleted. */
function seenAs(
  { type, object, previous }: Change,
  isWanted: (object: Manifest) => boolean,
): Change['type'] | undefined {
  const was = type !== 'ADDED' && previous !== undefined && isWanted(previous);
  const is = type !== 'DELETED' && isWanted(object);
  if (was && is) return 'MODIFIED';
  if (is) return 'ADDED';
  return was ? 'DELETED' : undefined;
}
