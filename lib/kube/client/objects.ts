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

type KindName = Pick<ObjectRef, 'apiVersion' | 'kind'>;

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
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const what = `discover the kinds of ${apiVersion}`;
    const list = parseJson((await unlessNotFound(this.#api.call({ method: 'GET', path: root, what, signal }))) ?? '');
    const resources = isRecord(list) && Array.isArray(list['resources']) ? list['resources'] : [];
    // Subresources such as `pods/exec` have a slash.
    const served = (resources as (Resource & { kind: string })[]).filter(({ name }) => !name.includes('/'));
    const byKind = new Map(served.map((each) => [each.kind, { name: each.name, namespaced: each.namespaced, root }]));
    this.#known.set(apiVersion, byKind);
    return byKind.get(kind);
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
}

/** Path of a collection; without `namespace`, that of the whole cluster. */
export function collectionPath(resource: Resource, namespace: string | undefined, query: Query = {}): string {
  const { root, namespaced, name } = resource;
  const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${within}/${name}${searchOf(query)}`;
}

function objectPath(resource: Resource, ref: ObjectRef, query: Query = {}): string {
  checkNamespace(resource, ref);
  return `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}${searchOf(query)}`;
}

/** @throws ClusterError `invalid` for an object of a namespaced kind without a namespace: there is no default */
function checkNamespace({ namespaced }: Resource, ref: ObjectRef): void {
  if (namespaced && ref.namespace === undefined) {
    throw new ClusterError('invalid', `${wordsOf(ref)} needs a namespace`);
  }
}

type Query = Record<string, string | undefined>;

/** The given ones of query parameters, with the question mark; '' if there are none. */
export function searchOf(query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

const writing = { fieldManager: 'meshproof', fieldValidation: 'Strict' };

export type Objects = ReturnType<typeof objectsOf>;

/** The verbs for single objects and lists. `lib/kube/cluster.ts` explains them. */
export function objectsOf(api: Api, discovery: Discovery) {
  const objectOf = async (call: Call): Promise<Manifest> => {
    const object = parseJson(await api.call(call));
    if (!isManifest(object)) throw new ClusterError('other', `cannot ${call.what}: the answer is no object`);
    return object;
  };
  /** Retries a conflict, unless the body names the version to change: then the caller must know of the conflict. */
  const patchWith = (verb: string, path: string, ref: ObjectRef, body: object, contentType: string) => {
    const { metadata } = body as Partial<Manifest>;
    const may: Call['may'] = ({ code }) => code !== 'conflict' || metadata?.resourceVersion === undefined;
    return objectOf({ method: 'PATCH', path, what: `${verb} ${wordsOf(ref)}`, body, contentType, may });
  };
  return {
    async apply(manifest: Manifest): Promise<Manifest> {
      const ref = referenceOf(manifest);
      const path = objectPath(await discovery.expect(ref), ref, { ...writing, force: 'true' });
      return await patchWith('apply', path, ref, manifest, 'application/apply-patch+yaml');
    },
    async patch(ref: ObjectRef, patch: object): Promise<Manifest> {
      const path = objectPath(await discovery.expect(ref), ref, writing);
      return await patchWith('patch', path, ref, patch, 'application/merge-patch+json');
    },
    /** Retries only if the first attempt cannot have created the object. */
    async create(manifest: Manifest): Promise<Manifest> {
      const ref = referenceOf(manifest);
      const resource = await discovery.expect(ref);
      checkNamespace(resource, ref);
      const path = collectionPath(resource, ref.namespace, writing);
      const what = `create ${wordsOf(ref)}`;
      return await objectOf({ method: 'POST', path, what, body: manifest, may: (error) => error.untouched });
    },
    async delete(ref: ObjectRef): Promise<void> {
      const resource = await discovery.find(ref);
      if (!resource) return;
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
      const path = objectPath(resource, ref);
      await unlessNotFound(api.call({ method: 'DELETE', path, what: `delete ${wordsOf(ref)}`, body }));
    },
    async get(ref: ObjectRef): Promise<Manifest | undefined> {
      const resource = await discovery.find(ref);
      if (!resource) return undefined;
      const path = objectPath(resource, ref);
      return await unlessNotFound(objectOf({ method: 'GET', path, what: `get ${wordsOf(ref)}` }));
    },
    /** A list, and the version from which a watch continues it. */
    async listWithVersion(selection: Selection, signal?: AbortSignal) {
      const { apiVersion, kind, namespace, labelSelector, fieldSelector } = selection;
      const resource = await discovery.get(selection, signal);
      const path = collectionPath(resource, namespace, { labelSelector, fieldSelector });
      const what = `list ${kind}${namespace === undefined ? '' : ` in ${namespace}`}`;
      const list = parseJson(await api.call({ method: 'GET', path, what, signal }));
      if (!isRecord(list) || !isRecord(list['metadata']) || !Array.isArray(list['items'])) {
        throw new ClusterError('other', `cannot ${what}: the answer is no list`);
      }
      // The items of a list of built-in objects do not say what they are.
      const items = (list['items'] as Manifest[]).map((item) => ({ ...item, apiVersion, kind }));
      return { items, resourceVersion: String(list['metadata']['resourceVersion']) };
    },
  };
}

/** A reference for messages: `Pod a/b`. */
export function wordsOf({ kind, name, namespace }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function isManifest(value: unknown): value is Manifest {
  return isRecord(value) && typeof value['kind'] === 'string' && isRecord(value['metadata']);
}

async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof ClusterError && thrown.code === 'not-found') return undefined;
    throw thrown;
  }
}
