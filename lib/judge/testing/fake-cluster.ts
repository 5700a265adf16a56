import {
  type Cluster,
  ClusterError,
  type ContainerRef,
  type LogHandlers,
  type Manifest,
  type ObjectRef,
  type Selection,
  type Stop,
  type WatchEvent,
  type WatchHandlers,
} from '../../kube/cluster.ts';
import { lapse } from './virtual-time.ts';

/** How long the API takes to acknowledge a change. */
const ANSWER_MS = 5;

/** A few objects in memory, with watches that show what the test puts in. Its pods run nothing. */
export class FakeCluster implements Cluster {
  /** Changes asked for, in order: `apply TCPRoute curl-to-tcp-echo-9000`. */
  readonly calls: string[] = [];
  /** Makes a change fail. */
  refuse: (call: string) => Error | undefined = () => undefined;
  /** The logs that are followed, by `pod/container`. */
  readonly tails = new Map<string, LogHandlers>();
  private readonly objects = new Map<string, Manifest>();
  private readonly watches = new Set<{ selection: Selection; handlers: WatchHandlers }>();

  get watched(): number {
    return this.watches.size;
  }

  /** Puts an object in, as another client would, and notifies the watches. */
  put(object: Manifest, type: WatchEvent['type'] = 'MODIFIED'): void {
    this.objects.set(keyOf(object.kind, object.metadata.name, object.metadata.namespace), object);
    this.tell(object, type);
  }

  drop(object: Manifest): void {
    this.objects.delete(keyOf(object.kind, object.metadata.name, object.metadata.namespace));
    this.tell(object, 'DELETED');
  }

  /** Notifies the watches of an object, whatever the API now has: a late event. */
  tell(object: Manifest, type: WatchEvent['type'] = 'MODIFIED'): void {
    for (const { selection, handlers } of [...this.watches]) {
      const isMeant = selection.kind === object.kind && selection.namespace === object.metadata.namespace;
      if (isMeant) handlers.event({ type, object });
    }
  }

  /** Breaks, or repairs, the watches of a kind. */
  breakWatches(kind: string, isBroken: boolean): void {
    for (const { selection, handlers } of [...this.watches]) {
      if (selection.kind === kind) handlers.broken?.(isBroken, 'connection reset');
    }
  }

  async apply(manifest: Manifest): Promise<Manifest> {
    await this.change('apply', manifest.kind, manifest.metadata.name);
    this.put(manifest);
    return manifest;
  }

  async patch({ apiVersion, kind, name, namespace }: ObjectRef, patch: object): Promise<Manifest> {
    await this.change('patch', kind, name);
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
    const patched = { apiVersion, kind, metadata, ...this.objects.get(keyOf(kind, name, namespace)), ...patch };
    this.put(patched);
    return patched;
  }

  async delete({ kind, name, namespace }: ObjectRef): Promise<void> {
    await this.change('delete', kind, name);
    const object = this.objects.get(keyOf(kind, name, namespace));
    if (object !== undefined) this.drop(object);
  }

  async get({ kind, name, namespace }: ObjectRef): Promise<Manifest | undefined> {
    const error = this.refuse(`get ${kind} ${name}`);
    if (error !== undefined) throw error;
    return this.objects.get(keyOf(kind, name, namespace));
  }

  /** Objects of a kind, by name. */
  names(kind: string): string[] {
    return [...this.objects.values()].filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  }

  watch(selection: Selection, handlers: WatchHandlers): Stop {
    const watch = { selection, handlers };
    this.watches.add(watch);
    return { stop: () => this.watches.delete(watch) };
  }

  followLog({ pod, container }: ContainerRef, handlers: LogHandlers): Stop {
    const key = `${pod}/${container}`;
    this.tails.set(key, handlers);
    return { stop: () => this.tails.delete(key) };
  }

  openExec(): never {
    throw new ClusterError('unreachable', 'no pod of this cluster runs anything');
  }
  logs(): never {
    return unused('logs');
  }
  exec(): never {
    return unused('exec');
  }
  version(): never {
    return unused('version');
  }
  create(): never {
    return unused('create');
  }
  list(): never {
    return unused('list');
  }
  wait(): never {
    return unused('wait');
  }
  raw(): never {
    return unused('raw');
  }
  close(): never {
    return unused('close');
  }

  private async change(verb: string, kind: string, name: string): Promise<void> {
    const call = `${verb} ${kind} ${name}`;
    this.calls.push(call);
    await lapse(ANSWER_MS);
    const error = this.refuse(call);
    if (error !== undefined) throw error;
  }
}

function keyOf(kind: string, name: string, namespace = ''): string {
  return `${kind}/${namespace}/${name}`;
}

function unused(verb: string): never {
  throw new Error(`nothing that is judged calls ${verb}`);
}
