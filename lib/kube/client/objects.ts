import { pollUntil } from '../../polling/poll-until.ts';
import { ClusterError, type Manifest, type ObjectRef, referenceOf, type Selection } from '../cluster.ts';
import type { Api, Call } from './api.ts';
import { isRecord, parseJson } from './failures.ts';
import { limits } from './limits.ts';

/** How the API calls a kind in its paths. */
export interface Resource {
  /** Plural, in lower case: `pods`. */
  name: string;
  namespaced: boolean;
  /** `/api/v1` or `/apis/GROUP/VERSION`. */
  root: string;
}

interface KindName {
  apiVersion: string;
  kind: string;
}

/** Finds kinds by API discovery. Keeps what it has found, and asks again for what it has not: a run can add CRDs. */
export class Discovery {
  readonly #api: Api;
  readonly #known = new Map<string, Map<string, Resource>>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** The resource of a kind, or undefined if the API does not serve it. */
  async find({ apiVersion, kind }: KindName, signal?: AbortSignal): Promise<Resource | undefined> {
    const known = this.#known.get(apiVersion)?.get(kind);
    if (known) return known;
    const served = await this.#discover(apiVersion, signal);
    this.#known.set(apiVersion, served);
    return served.get(kind);
  }

  /** @throws ClusterError `not-found` for a kind that the API does not serve. */
  async get(of: KindName, signal?: AbortSignal): Promise<Resource> {
    const resource = await this.find(of, signal);
    if (!resource) throw new ClusterError('not-found', `the cluster has no kind ${of.kind} in ${of.apiVersion}`);
    return resource;
  }

  /**
   * As `get`, but waits a moment: a definition is established a little before discovery shows its kind.
   * @throws ClusterError `not-found`
   */
  async expect(of: KindName): Promise<Resource> {
    const { closing: signal } = this.#api;
    const options = { everyMs: limits.firstPauseMs, timeoutMs: limits.discoveryMs, signal };
    return (await pollUntil(() => this.find(of), options)) ?? (await this.get(of));
  }

  async #discover(apiVersion: string, signal: AbortSignal | undefined): Promise<Map<string, Resource>> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const served = new Map<string, Resource>();
    let text: string;
    try {
      const what = `discover the kinds of ${apiVersion}`;
      text = await this.#api.call({ method: 'GET', path: root, what, ...(signal && { signal }) });
    } catch (thrown) {
      if (thrown instanceof ClusterError && thrown.code === 'not-found') return served;
      throw thrown;
    }
    const list = parseJson(text);
    const resources = isRecord(list) && Array.isArray(list['resources']) ? list['resources'] : [];
    for (const { name, kind, namespaced } of resources as { name: string; kind: string; namespaced: boolean }[]) {
      // Subresources such as `pods/exec` have a slash.
      if (!name.includes('/')) served.set(kind, { name, namespaced, root });
    }
    return served;
  }
}

/**
 * Path of an object, or of a collection if no name is given.
 * @throws ClusterError `invalid` for an object of a namespaced kind without a namespace: there is no default
 */
export function pathOf(
  resource: Resource,
  where: { namespace?: string | undefined; name?: string },
  query: Record<string, string | undefined> = {},
): string {
  const { namespace, name } = where;
  if (resource.namespaced && namespace === undefined && name !== undefined) {
    throw new ClusterError('invalid', `${resource.name} '${name}' needs a namespace`);
  }
  const parts = [resource.root];
  if (resource.namespaced && namespace !== undefined) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(resource.name);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  const search = queryOf(query).toString();
  return parts.join('/') + (search === '' ? '' : `?${search}`);
}

/** The given ones of query parameters. */
export function queryOf(parameters: Record<string, string | undefined>): URLSearchParams {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(given);
}

const fieldManager = 'meshproof';

/** A list, and the version from which a watch continues it. */
export interface Listing {
  items: Manifest[];
  resourceVersion: string;
}

/** The verbs for single objects and lists. */
export class Objects {
  readonly #api: Api;
  readonly #discovery: Discovery;

  constructor(api: Api, discovery: Discovery) {
    this.#api = api;
    this.#discovery = discovery;
  }

  async apply(manifest: Manifest): Promise<Manifest> {
    const ref = referenceOf(manifest);
    const path = pathOf(await this.#discovery.expect(ref), ref, {
      fieldManager,
      force: 'true',
      fieldValidation: 'Strict',
    });
    const contentType = 'application/apply-patch+yaml';
    const what = `apply ${wordsOf(ref)}`;
    const may = unlessPinned(manifest);
    return await this.#object({ method: 'PATCH', path, what, body: manifest, contentType, may });
  }

  async patch(ref: ObjectRef, patch: object): Promise<Manifest> {
    const path = pathOf(await this.#discovery.expect(ref), ref, { fieldManager, fieldValidation: 'Strict' });
    const contentType = 'application/merge-patch+json';
    const what = `patch ${wordsOf(ref)}`;
    return await this.#object({ method: 'PATCH', path, what, body: patch, contentType, may: unlessPinned(patch) });
  }

  /** Retries only if the first attempt cannot have created the object. */
  async create(manifest: Manifest): Promise<Manifest> {
    const ref = referenceOf(manifest);
    const resource = await this.#discovery.expect(ref);
    if (resource.namespaced && ref.namespace === undefined) {
      throw new ClusterError('invalid', `${wordsOf(ref)} needs a namespace`);
    }
    const path = pathOf(resource, { namespace: ref.namespace }, { fieldManager, fieldValidation: 'Strict' });
    const what = `create ${wordsOf(ref)}`;
    return await this.#object({ method: 'POST', path, what, body: manifest, may: (error) => error.untouched });
  }

  async delete(ref: ObjectRef): Promise<void> {
    const resource = await this.#discovery.find(ref);
    if (!resource) return;
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
    const call: Call = { method: 'DELETE', path: pathOf(resource, ref), what: `delete ${wordsOf(ref)}`, body };
    await absentIfNotFound(this.#api.call(call));
  }

  async get(ref: ObjectRef): Promise<Manifest | undefined> {
    const resource = await this.#discovery.find(ref);
    if (!resource) return undefined;
    const call: Call = { method: 'GET', path: pathOf(resource, ref), what: `get ${wordsOf(ref)}` };
    return await absentIfNotFound(this.#object(call));
  }

  async list(selection: Selection, signal?: AbortSignal): Promise<Listing> {
    const { apiVersion, kind, namespace, labelSelector, fieldSelector } = selection;
    const path = pathOf(await this.#discovery.get(selection, signal), { namespace }, { labelSelector, fieldSelector });
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

/** A reference for messages: `Pod a/b`. */
export function wordsOf({ kind, name, namespace }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

export function isManifest(value: unknown): value is Manifest {
  return isRecord(value) && typeof value['kind'] === 'string' && isRecord(value['metadata']);
}

/** Retries a conflict, unless the body names the version to change: then the caller must know of the conflict. */
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
