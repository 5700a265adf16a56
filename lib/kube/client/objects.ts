import { ClusterError, type Manifest, type ObjectRef, type Selection } from '../cluster.ts';
import type { Api, Call } from './api.ts';
import { type Discovery, pathOf } from './discovery.ts';
import { isRecord, parseJson } from './failures.ts';

const fieldManager = 'meshproof';

/** What a list says, and from which version on a watch continues it. */
export interface Listing {
  items: Manifest[];
  resourceVersion: string;
}

/** The verbs for single objects and lists. */
export class Objects {
  readonly #api: Api;
  readonly #kinds: Discovery;

  constructor(api: Api, kinds: Discovery) {
    this.#api = api;
    this.#kinds = kinds;
  }

  async apply(manifest: Manifest): Promise<Manifest> {
    const ref = refOf(manifest);
    const path = pathOf(await this.#kinds.expect(ref), ref, { fieldManager, force: 'true', fieldValidation: 'Strict' });
    const contentType = 'application/apply-patch+yaml';
    const what = `apply ${wordsOf(ref)}`;
    return await this.#object({
      method: 'PATCH',
      path,
      what,
      body: manifest,
      contentType,
      may: unlessPinned(manifest),
    });
  }

  async patch(ref: ObjectRef, patch: object): Promise<Manifest> {
    const path = pathOf(await this.#kinds.expect(ref), ref, { fieldManager, fieldValidation: 'Strict' });
    const contentType = 'application/merge-patch+json';
    const what = `patch ${wordsOf(ref)}`;
    return await this.#object({ method: 'PATCH', path, what, body: patch, contentType, may: unlessPinned(patch) });
  }

  /** Tried again only where the first try cannot have created the object. */
  async create(manifest: Manifest): Promise<Manifest> {
    const ref = refOf(manifest);
    const resource = await this.#kinds.expect(ref);
    if (resource.namespaced && ref.namespace === undefined) {
      throw new ClusterError('invalid', `${wordsOf(ref)} needs a namespace`);
    }
    const path = pathOf(resource, { namespace: ref.namespace }, { fieldManager, fieldValidation: 'Strict' });
    const what = `create ${wordsOf(ref)}`;
    return await this.#object({ method: 'POST', path, what, body: manifest, may: (error) => error.untouched });
  }

  async delete(ref: ObjectRef): Promise<void> {
    const resource = await this.#kinds.find(ref);
    if (!resource) return;
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
    const call: Call = { method: 'DELETE', path: pathOf(resource, ref), what: `delete ${wordsOf(ref)}`, body };
    await absentIfNotFound(this.#api.call(call));
  }

  async get(ref: ObjectRef): Promise<Manifest | undefined> {
    const resource = await this.#kinds.find(ref);
    if (!resource) return undefined;
    const call: Call = { method: 'GET', path: pathOf(resource, ref), what: `get ${wordsOf(ref)}` };
    return await absentIfNotFound(this.#object(call));
  }

  async list(selection: Selection, signal?: AbortSignal): Promise<Listing> {
    const { apiVersion, kind, namespace, labelSelector, fieldSelector } = selection;
    const path = pathOf(await this.#kinds.get(selection, signal), { namespace }, { labelSelector, fieldSelector });
    const what = `list ${kind}${namespace === undefined ? '' : ` in ${namespace}`}`;
    const text = await this.#api.call({ method: 'GET', path, what, ...(signal && { signal }) });
    const list = parseJson(text);
    if (!isRecord(list) || !isRecord(list['metadata']) || !Array.isArray(list['items'])) {
      throw new ClusterError('other', `cannot ${what}: the answer is no list`);
    }
    // The items of a list of built-in objects do not say what they are.
    const items = (list['items'] as Manifest[]).map((item) => ({ ...item, apiVersion, kind }));
    return { items, resourceVersion: String(list['metadata']['resourceVersion']) };
  }

  async #object(call: Call): Promise<Manifest> {
    const object = parseJson(await this.#api.call(call));
    if (!isManifest(object)) throw new ClusterError('other', `cannot ${call.what}: the answer is no object`);
    return object;
  }
}

/** A reference in words, for messages: `Pod a/b`. */
export function wordsOf({ kind, name, namespace }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

export function isManifest(value: unknown): value is Manifest {
  return isRecord(value) && typeof value['kind'] === 'string' && isRecord(value['metadata']);
}

function refOf({ apiVersion, kind, metadata }: Manifest): ObjectRef {
  const { name, namespace } = metadata;
  return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) };
}

/** A conflict is tried again, unless the caller named the version that it wants to change: then it wants to know. */
function unlessPinned(body: object): NonNullable<Call['may']> {
  const metadata: unknown = 'metadata' in body ? body.metadata : undefined;
  const pinned = isRecord(metadata) && metadata['resourceVersion'] !== undefined;
  return (error) => error.code !== 'conflict' || !pinned;
}

async function absentIfNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof ClusterError && thrown.code === 'not-found') return undefined;
    throw thrown;
  }
}
