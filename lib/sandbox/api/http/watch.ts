/** Pollers: what is there or changed, as lines of JSON, until the client or its time limit ends it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Manifest } from '../../contract.ts';
import { badRequest, expired, qualified } from '../errors.ts';
import { inVersion } from '../objects/index.ts';
import { apiVersionOf, type Resource } from '../resources/index.ts';
import type { Change, Store } from '../store.ts';
import type { Form } from './form.ts';
import { isTrue } from './target.ts';

interface Watch {
  store: Store;
  resource: Resource;
  form: Form;
  isWanted(object: Manifest): boolean;
  query: URLSearchParams;
}

const bookmarkEveryMs = 60_000;
const longestSeconds = 3600;

/** Answers at once, and streams until it ends. */
export function serveWatch(request: IncomingMessage, response: ServerResponse, watch: Watch): void {
  const { store, resource, form, query } = watch;
  const start = startOf(query);
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
  response.flushHeaders();
  // Changes are many and small, and each is waited for.
  request.socket.setNoDelay(true);

  const send = (type: string, object: unknown): void => {
    // The time limit may have ended the stream while the client still holds the connection.
    if (response.writableEnded) return;
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const bookmark = (annotations?: Record<string, string>): void => {
    const metadata = { resourceVersion: String(store.revision()), ...(annotations && { annotations }) };
    send('BOOKMARK', form.one({ kind: resource.kind, apiVersion: apiVersionOf(resource), metadata } as Manifest));
  };
  const deliver = (change: Change): void => {
    const event = seen(change, watch.isWanted);
    if (event !== undefined) send(event, form.one(inVersion(resource, change.object)));
  };

  const missed = start === undefined ? [] : store.since(qualified(resource), start);
  if (missed === undefined) {
    send('ERROR', expired(`too old resource version: ${start} (${store.oldest()})`).status);
    response.end();
    return;
  }
  if (start === undefined)
    for (const object of store.list(qualified(resource)))
      if (watch.isWanted(object)) send('ADDED', form.one(inVersion(resource, object)));
  if (isTrue(query.get('sendInitialEvents'))) bookmark({ 'k8s.io/initial-events-end': 'true' });
  for (const change of missed) deliver(change);

  const stop = store.subscribe(qualified(resource), deliver);
  const seconds = Number(query.get('timeoutSeconds') ?? longestSeconds);
  const marks = isTrue(query.get('allowWatchBookmarks')) ? setInterval(bookmark, bookmarkEveryMs) : undefined;
  const limit = setTimeout(() => response.end(), Math.min(seconds, longestSeconds) * 1000);
  response.on('close', () => {
    stop();
    clearInterval(marks);
    clearTimeout(limit);
  });
}

/** The revision to go on from; undefined to begin with what is there. */
function startOf(query: URLSearchParams): number | undefined {
  const given = query.get('resourceVersion') ?? '';
  if (given === '' || given === '0' || isTrue(query.get('sendInitialEvents'))) return undefined;
  const revision = Number(given);
  if (!Number.isSafeInteger(revision) || revision < 0)
    throw badRequest(
      `Invalid value: ${JSON.stringify(given)}: strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`,
    );
  return revision;
}

/** What a change is to a watch that sees some objects only: one that no longer fits is gone for it. */
function seen({ type, object, previous }: Change, isWanted: (object: Manifest) => boolean): string | undefined {
  const was = type !== 'ADDED' && previous !== undefined && isWanted(previous);
  const is = type !== 'DELETED' && isWanted(object);
  if (was && is) return 'MODIFIED';
  if (is) return 'ADDED';
  return was ? 'DELETED' : undefined;
}
