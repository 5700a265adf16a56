/** Requests for objects and collections. */
import { about, badRequest, methodNotAllowed, qualified, statusWith } from '../errors.ts';
import { isFields } from '../json.ts';
import { existing, inVersion } from '../objects/core.ts';
import { remove } from '../objects/delete.ts';
import { patch } from '../objects/patch.ts';
import { create } from '../objects/write.ts';
import { apiVersionOf, type Resource } from '../resources/resource.ts';
import { tableOf } from '../resources/table.ts';
import {
  deleteOptions,
  type Exchange,
  mediaTypeOf,
  type RequestTarget,
  readBody,
  respond,
  type Service,
  selectionOf,
  writeOptions,
} from './request.ts';
import { type Shown, serveWatch } from './watch.ts';

/** @throws ApiError if the request is refused */
export async function serveObjects(
  { core }: Service,
  exchange: Exchange,
  resource: Resource,
  target: RequestTarget,
): Promise<void> {
  const { request, response, query } = exchange;
  const { verb, namespace, name } = target;
  const storage = qualified(resource);
  // Kubectl asks for tables.
  const isTable = /;\s*as=Table/.test(request.headers.accept ?? '');
  const shown: Shown = (object) =>
    isTable ? tableOf(resource, [object], object.metadata.resourceVersion) : inVersion(resource, object);
  if (verb === 'watch') {
    serveWatch(exchange, { store: core.store, storage, shown, isWanted: selectionOf(target, query) });
    return;
  }
  if (verb === 'list') {
    const resourceVersion = String(core.store.revision);
    const wanted = core.store.list(storage).filter(selectionOf(target, query));
    const items = wanted.map((object) => inVersion(resource, object));
    const list = { kind: resource.listKind, apiVersion: apiVersionOf(resource), metadata: { resourceVersion }, items };
    return respond(response, 200, isTable ? tableOf(resource, items, resourceVersion) : list);
  }
  if (verb === 'get') return respond(response, 200, shown(existing(core, resource, target)));
  const body = await readBody(request);
  if (verb === 'create' && name === '') {
    if (!isFields(body)) throw badRequest('the body is not an object');
    return respond(response, 201, shown(create(core, resource, namespace, body, writeOptions(query))));
  }
  if (verb === 'patch' && name !== '') {
    const who = { mediaType: mediaTypeOf(request), manager: query.get('fieldManager') ?? '' };
    const { object, isNew } = patch(core, resource, target, body, { ...writeOptions(query), ...who });
    return respond(response, isNew ? 201 : 200, shown(object));
  }
  if (verb !== 'delete' || name === '') throw methodNotAllowed();
  const options = deleteOptions(query, body);
  const old = existing(core, resource, target);
  const { isGone, object } = remove(core, storage, old, options);
  const details = { ...about(resource, name), uid: old.metadata.uid ?? '' };
  respond(response, 200, isGone ? statusWith('Success', { details }) : shown(object));
}
