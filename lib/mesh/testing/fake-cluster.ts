import {
  type Cluster,
  ClusterError,
  type ContainerRef,
  type Manifest,
  type ObjectRef,
  referenceOf,
  type Selection,
  type WatchHandlers,
} from '../../kube/cluster.ts';
import type { MeshContext } from '../mesh.ts';

/** A cluster of a few objects in memory, for the unit tests of this folder. */
export class FakeCluster implements Cluster {
  /** What was asked, in order: `patch MeshConfig osm-mesh-config`. */
  readonly calls: string[] = [];
  /** Texts of logs by container. */
  readonly logTexts: Record<string, string> = {};
  /** Thrown by every change, if set. */
  refuse: ClusterError | undefined;
  private readonly objects = new Map<string, Manifest>();
  private readonly watchers = new Set<(type: 'MODIFIED' | 'DELETED', object: Manifest) => void>();

  /** Puts an object in, as some controller would. */
  put(object: Manifest): void {
    this.objects.set(keyOf(referenceOf(object)), object);
    for (const watcher of this.watchers) watcher('MODIFIED', object);
  }

  /** How many watches and waits are open. */
  get watched(): number {
    return this.watchers.size;
  }

  async version(): Promise<string> {
    return 'v1.33.0';
  }

  async apply(manifest: Manifest): Promise<Manifest> {
    this.change('apply', referenceOf(manifest));
    this.put(manifest);
    return manifest;
  }

  async create(manifest: Manifest): Promise<Manifest> {
    return this.apply(manifest);
  }

  async patch(ref: ObjectRef, patch: object): Promise<Manifest> {
    this.change('patch', ref);
    const patched = { ...refManifest(ref), ...this.objects.get(keyOf(ref)), ...patch };
    this.put(patched);
    return patched;
  }

  async delete(ref: ObjectRef): Promise<void> {
    this.change('delete', ref);
    const object = this.objects.get(keyOf(ref));
    this.objects.delete(keyOf(ref));
    if (object !== undefined) for (const watcher of this.watchers) watcher('DELETED', object);
  }

  async get(ref: ObjectRef): Promise<Manifest | undefined> {
    return this.objects.get(keyOf(ref));
  }

  async list({ kind, namespace }: Selection): Promise<Manifest[]> {
    return [...this.objects.values()].filter(
      (object) => object.kind === kind && (namespace === undefined || object.metadata.namespace === namespace),
    );
  }

  watch(selection: Selection, handlers: WatchHandlers) {
    const watcher = (type: 'MODIFIED' | 'DELETED', object: Manifest): void => {
      if (object.kind === selection.kind) handlers.event({ type, object });
    };
    this.watchers.add(watcher);
    queueMicrotask(async () => {
      for (const object of await this.list(selection)) handlers.event({ type: 'ADDED', object });
    });
    return { stop: () => this.watchers.delete(watcher) };
  }

  async wait(
    ref: ObjectRef,
    satisfied: (object: Manifest | undefined) => boolean,
    { timeoutMs, signal, what }: { timeoutMs: number; signal?: AbortSignal; what: string },
  ): Promise<Manifest | undefined> {
    this.calls.push(`wait for ${what}`);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.watchers.delete(look);
        settle();
      };
      const look = (): void => {
        const object = this.objects.get(keyOf(ref));
        if (satisfied(object)) end(() => resolve(object));
      };
      const fail = (code: 'timeout' | 'aborted') => (): void => end(() => reject(new ClusterError(code, what)));
      const timer = setTimeout(fail('timeout'), timeoutMs);
      signal?.addEventListener('abort', fail('aborted'), { once: true });
      this.watchers.add(look);
      look();
    });
  }

  async logs({ container }: ContainerRef): Promise<string> {
    const text = this.logTexts[container];
    if (text === undefined) throw new ClusterError('not-found', `no log of ${container}`, 404);
    return text;
  }

  openExec(): never {
    throw new Error('no driver executes anything in pods');
  }
  exec(): never {
    throw new Error('no driver executes anything in pods');
  }
  followLog(): never {
    throw new Error('no driver follows logs');
  }
  /** The answers of discovery, by path. */
  readonly discovery: Record<string, object> = {};
  async raw(path: string): Promise<string> {
    const found = this.discovery[path];
    if (found === undefined) throw new ClusterError('not-found', `no ${path}`, 404);
    return JSON.stringify(found);
  }
  close(): void {
    this.watchers.clear();
  }

  private change(verb: string, { kind, name }: ObjectRef): void {
    this.calls.push(`${verb} ${kind} ${name}`);
    if (this.refuse !== undefined) throw this.refuse;
  }
}

/** A context for a cluster, and what its reporter and its record of children got. */
export function fakeContext(cluster: Cluster, settings: Partial<MeshContext> = {}) {
  const commands: string[][] = [];
  const output: string[] = [];
  const children: { pid: number; what: string }[] = [];
  const context: MeshContext = {
    cluster,
    kubeconfig: 'a/kubeconfig',
    sets: [],
    timeoutScale: 1,
    signal: new AbortController().signal,
    reporter: { command: (argv) => commands.push(argv), output: (line) => output.push(line) },
    child: (pid, what) => children.push({ pid, what }),
    ...settings,
  };
  return { context, commands, output, children };
}

function keyOf({ kind, namespace = '', name }: ObjectRef): string {
  return `${kind}/${namespace}/${name}`;
}

function refManifest({ apiVersion, kind, name, namespace }: ObjectRef): Manifest {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}
