import { ClusterError } from '../cluster.ts';
import type { Api } from './api.ts';
import { pauseFor } from './backoff.ts';
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

/** Finds kinds by API discovery. What is known is kept; what is not is asked for again, since CRDs come during a run. */
export class Discovery {
  readonly #api: Api;
  readonly #known = new Map<string, Map<string, Resource>>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** The resource of a kind, or undefined where the API does not serve it now. */
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
   * As `get`, for an object that is to be made: a definition counts as established a moment before discovery tells of it.
   * @throws ClusterError `not-found` where the kind does not come
   */
  async expect(of: KindName): Promise<Resource> {
    const deadline = performance.now() + limits.discoveryMs;
    for (;;) {
      const resource = await this.find(of);
      if (resource) return resource;
      if (performance.now() > deadline || this.#api.closing.aborted) return await this.get(of);
      await pauseFor(limits.firstPauseMs, this.#api.closing);
    }
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
 * Path of an object, or of a collection where no name is given.
 * @throws ClusterError `invalid` for an object of a namespaced kind without a namespace: a default could be anybody's.
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
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const search = new URLSearchParams(given).toString();
  return parts.join('/') + (search === '' ? '' : `?${search}`);
}
