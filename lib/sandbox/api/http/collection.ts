/** Requests to the objects of a kind and to one of them. */
import type { Manifest } from '../../contract.ts';
import { ApiError, badRequest, methodNotAllowed, notFound, qualified, type Status } from '../errors.ts';
import { fieldsOf } from '../json.ts';
import { checkVersionGiven, create, inVersion, patch, readBody, remove, stored, update } from '../objects/index.ts';
import type { Resource } from '../resources/index.ts';
import { mediaTypeOf, readObject, readParsed } from './body.ts';
import { type Form, formOf } from './form.ts';
import { respond } from './respond.ts';
import { selection } from './select.ts';
import type { Exchange, Service } from './service.ts';
import { isTrue, type RequestTarget } from './target.ts';
import { serveWatch } from './watch.ts';
import { deleteOptions, writeOptions } from './write-options.ts';

/** @throws ApiError for whatever cannot be done. */
export async function serveObjects(
  service: Service,
  exchange: Exchange,
  resource: Resource,
  target: RequestTarget,
): Promise<void> {
  const { request, response, query } = exchange;
  const { core } = service;
  const form = formOf(request.headers.accept ?? '', query.get('includeObject'), resource);
  const { namespace, name, subresource } = target;
  const old = (): Manifest => {
    const found = stored(core, resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  };
  switch (target.verb) {
    case 'list':
      respond(response, 200, list(service, resource, target, query, form));
      return;
    case 'watch':
      serveWatch(request, response, {
        store: core.store,
        resource,
        form,
        query,
        isWanted: selection(resource, target, query),
      });
      return;
    case 'get':
      respond(response, 200, form.one(inVersion(resource, old())));
      return;
    case 'create': {
      if (name !== '') throw methodNotAllowed();
      const body = await readObject(request);
      respond(response, 201, form.one(create(core, resource, namespace, body, writeOptions(request, response, query))));
      return;
    }
    case 'update': {
      if (name === '') throw methodNotAllowed();
      const options = writeOptions(request, response, query);
      const next = readBody(resource, await readObject(request), options);
      checkNames(resource, target, next);
      if (core.registry.isCustom(resource)) checkVersionGiven(resource, next);
      respond(response, 200, form.one(update(core, resource, old(), next, options, subresource)));
      return;
    }
    case 'patch': {
      if (name === '') throw methodNotAllowed();
      const mediaType = mediaTypeOf(request);
      const body = await readParsed(request);
      const isApply = mediaType === 'application/apply-patch+yaml';
      const options = {
        ...writeOptions(request, response, query, isApply),
        mediaType,
        isForced: isTrue(query.get('force')),
      };
      const { object, isNew } = patch(core, { resource, namespace, name, subresource }, body, options);
      respond(response, isNew ? 201 : 200, form.one(object));
      return;
    }
    case 'delete': {
      const options = deleteOptions(query, await readParsed(request));
      const found = old();
      const { isGone, object } = remove(core, resource, found, options);
      respond(
        response,
        200,
        isGone && qualified(resource) !== 'pods' ? deleted(resource, found) : form.one(inVersion(resource, object)),
      );
      return;
    }
    case 'deletecollection': {
      const options = deleteOptions(query, await readParsed(request));
      const isWanted = selection(resource, target, query);
      const wanted = core.store.list(qualified(resource)).filter(isWanted);
      for (const object of wanted) remove(core, resource, object, options);
      respond(
        response,
        200,
        form.list(
          wanted.map((object) => inVersion(resource, object)),
          String(core.store.revision()),
        ),
      );
      return;
    }
    default:
      throw methodNotAllowed();
  }
}

function list(
  service: Service,
  resource: Resource,
  target: RequestTarget,
  query: URLSearchParams,
  form: Form,
): unknown {
  const { store } = service.core;
  const asked = Number(query.get('resourceVersion') ?? 0);
  if (asked > store.revision()) {
    const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
    const message = `Timeout: Too large resource version: ${asked}, current: ${store.revision()}`;
    throw new ApiError(504, 'Timeout', message, { causes, retryAfterSeconds: 1 });
  }
  const wanted = store.list(qualified(resource)).filter(selection(resource, target, query));
  return form.list(
    wanted.map((object) => inVersion(resource, object)),
    String(store.revision()),
  );
}

function checkNames(resource: Resource, target: RequestTarget, next: Manifest): void {
  const { metadata } = next;
  if (metadata.name !== target.name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${target.name})`);
  if (!resource.isNamespaced) return;
  if ((metadata.namespace ?? target.namespace) !== target.namespace)
    throw badRequest(
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the URL (${target.namespace})`,
    );
  metadata.namespace = target.namespace;
}

function deleted(resource: Resource, object: Manifest): Status {
  const uid = fieldsOf(object.metadata)['uid'];
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: object.metadata.name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      ...(typeof uid === 'string' ? { uid } : {}),
    },
  };
}
