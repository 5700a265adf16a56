import {
  type Cluster,
  ClusterError,
  type Manifest,
  type ObjectRef,
  referenceOf,
  type WatchHandlers,
} from '../cluster.ts';

type Stored = Manifest & { metadata: { resourceVersion: string } };

/** A cluster's objects in memory, with versions and merge patches as in the API server. Nothing runs. */
export class MemoryCluster {
  readonly #objects = new Map<string, Stored>();
  #version = 0;
  /** Called before each patch, so that a test can change the object first. */
  beforePatch: (ref: ObjectRef) => void = () => undefined;
  /** Every write, in order: `patch Lease meshproof`. */
  readonly writes: string[] = [];

  /** The methods that leases, settings and fixtures need. */
  get cluster(): Cluster {
    const absent = () => Promise.reject(new Error('the cluster in memory runs nothing'));
    return {
      version: async () => 'v0.0.0',
      apply: async (manifest) => this.#write('apply', referenceOf(manifest), manifest),
      patch: async (ref, patch) => this.#patch(ref, patch),
      create: async (manifest) => this.#create(manifest),
      delete: async (ref) => {
        this.writes.push(`delete ${ref.kind} ${ref.name}`);
        this.#objects.delete(keyOf(ref));
      },
      get: async (ref) => structuredClone(this.#objects.get(keyOf(ref))),
      list: async ({ kind, namespace, labelSelector }) =>
        [...this.#objects.values()].filter(
          (object) =>
            object.kind === kind &&
            (namespace === undefined || object.metadata.namespace === namespace) &&
            hasLabels(object, labelSelector ?? ''),
        ),
      watch: (_selection, _handlers: WatchHandlers) => ({ stop: () => undefined }),
      wait: async (ref, satisfied, { what }) => {
        const object = this.#objects.get(keyOf(ref));
        if (satisfied(object)) return object;
        throw new ClusterError('timeout', `no ${what}`);
      },
      openExec: absent,
      exec: absent,
      logs: absent,
      followLog: () => ({ stop: () => undefined }),
      raw: absent,
      close: () => undefined,
    };
  }

  put(manifest: Manifest): void {
    this.#write('put', referenceOf(manifest), manifest);
  }

  #create(manifest: Manifest): Manifest {
    if (this.#objects.has(keyOf(referenceOf(manifest)))) throw new ClusterError('conflict', 'already exists', 409);
    return this.#write('create', referenceOf(manifest), manifest);
  }

  #patch(ref: ObjectRef, patch: object): Manifest {
    this.beforePatch(ref);
    const object = this.#objects.get(keyOf(ref));
    if (!object) throw new ClusterError('not-found', `no ${ref.kind} ${ref.name}`, 404);
    const { metadata } = patch as { metadata?: { resourceVersion?: string } };
    if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== object.metadata.resourceVersion) {
      throw new ClusterError('conflict', 'the object has been modified', 409);
    }
    return this.#write('patch', ref, merge(object, patch) as Manifest);
  }

  #write(verb: string, ref: ObjectRef, manifest: Manifest): Manifest {
    this.writes.push(`${verb} ${ref.kind} ${ref.name}`);
    this.#version += 1;
    const stored = structuredClone(manifest) as Stored;
    stored.metadata.resourceVersion = String(this.#version);
    this.#objects.set(keyOf(ref), stored);
    return structuredClone(stored);
  }
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(typeof target === 'object' ? target : {}) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merge(result[name], value);
  }
  return result;
}

function hasLabels(object: Manifest, selector: string): boolean {
  return selector
    .split(',')
    .filter(Boolean)
    .every((term) => {
      const [name = '', value] = term.split('=');
      const actual = object.metadata.labels?.[name];
      return value === undefined ? actual !== undefined : actual === value;
    });
}

function keyOf({ kind, namespace = '', name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}
