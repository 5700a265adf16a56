import type { IncomingMessage } from 'node:http';
import { pause } from '../../polling/poll-until.ts';
import { Lines } from '../../processes/lines.ts';
import { ClusterError, type ContainerRef, type LogHandlers, type Manifest, type Stop } from '../cluster.ts';
import type { Api } from './api.ts';
import { asClusterError, isRecord } from './failures.ts';
import { Health } from './health-check.ts';
import { limits } from './limits.ts';
import { queryOf } from './objects.ts';
import { Backoff } from './retry.ts';
import { Scope } from './scope.ts';
import type { Dependencies as ClientDependencies } from './watch.ts';

/** Path of a container's log. */
function logPath({ namespace, pod, container }: ContainerRef, query: Record<string, string | undefined>): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${queryOf({ container, ...query })}`;
}

/** The request, for messages. */
function logWords({ namespace, pod, container }: ContainerRef): string {
  return `read the log of container ${container} of Pod ${namespace}/${pod}`;
}

/** @throws ClusterError */
export async function logs(
  api: Api,
  target: ContainerRef,
  options: { tailLines?: number; previous?: boolean } = {},
): Promise<string> {
  const { tailLines, previous } = options;
  const path = logPath(target, {
    tailLines: tailLines === undefined ? undefined : String(tailLines),
    previous: previous ? 'true' : undefined,
  });
  return await api.call({ method: 'GET', path, what: logWords(target) });
}

type Dependencies = Pick<ClientDependencies, 'api' | 'objects' | 'healthCheck'>;

/** Which run of the container its log is of. */
interface Instance {
  podUid: string;
  restarts: number;
}

/** Follows a container's log across broken connections and restarts, until it is stopped or the pod is gone. */
export function followLog(dependencies: Dependencies, target: ContainerRef, handlers: LogHandlers): Stop {
  const scope = new Scope([dependencies.api.closing]);
  void new LogFollower(dependencies, target, handlers, scope.signal).run().finally(() => scope.end());
  return { stop: () => scope.abort() };
}

class LogFollower {
  readonly #dependencies: Dependencies;
  readonly #target: ContainerRef;
  readonly #handlers: LogHandlers;
  readonly #stopped: AbortSignal;
  readonly #health: Health;
  readonly #backoff = new Backoff();
  readonly #replay = new LogReplay();
  #instance: Instance | undefined;
  /** The log was read to its end: the container has ended, not the connection. */
  #readWhole = true;
  #gone = false;

  constructor(dependencies: Dependencies, target: ContainerRef, handlers: LogHandlers, stopped: AbortSignal) {
    this.#dependencies = dependencies;
    this.#target = target;
    this.#handlers = handlers;
    this.#stopped = stopped;
    this.#health = new Health((isBroken, reason) => {
      if (!stopped.aborted) handlers.broken?.(isBroken, reason);
    });
  }

  async run(): Promise<void> {
    while (!this.#stopped.aborted && !this.#gone) {
      try {
        await this.#follow();
        this.#backoff.reset();
        // Until a container runs again, each request for its log ends at once.
        if (this.#readWhole) await pause(limits.logPauseMs, this.#stopped);
      } catch (thrown) {
        if (this.#stopped.aborted) return;
        await this.#failed(asClusterError(thrown));
      }
    }
  }

  async #failed(error: ClusterError): Promise<void> {
    if (error.code === 'not-found' && (await this.#isGone())) {
      this.#gone = true;
      this.#health.broke(`Pod ${this.#target.namespace}/${this.#target.pod} is gone`);
      return;
    }
    // A node may not know a new pod yet.
    if (error.code === 'not-found' || isNotStarted(error)) return await pause(limits.logPauseMs, this.#stopped);
    this.#readWhole = false;
    this.#dependencies.api.log(error.message);
    this.#health.broke(error.message);
    await this.#backoff.pause(this.#stopped);
  }

  /** Whether the pod no longer exists, or another one has its name. */
  async #isGone(): Promise<boolean> {
    try {
      await this.#instanceNow();
      return false;
    } catch (thrown) {
      return asClusterError(thrown).code === 'not-found';
    }
  }

  /** One connection, from its request to its end. */
  async #follow(): Promise<void> {
    const scope = new Scope([this.#stopped]);
    const listening = this.#dependencies.healthCheck.listen((reason) => {
      this.#readWhole = false;
      this.#health.broke(reason);
      scope.abort();
    });
    this.#replay.resume();
    try {
      const opening = this.#open(scope.signal);
      // Awaited below: a failure before that is not unhandled.
      opening.catch(() => undefined);
      await this.#catchUp(scope.signal);
      const [response] = await Promise.all([opening, this.#trustSilence(opening)]);
      this.#health.whole('the log is followed again');
      this.#readWhole = await this.#read(response);
    } finally {
      listening.stop();
      scope.abort();
      scope.end();
    }
  }

  /** The answer's head comes with the first line, so that only the health check limits its time. */
  async #open(signal: AbortSignal): Promise<IncomingMessage> {
    const query = { follow: 'true', timestamps: 'true', sinceTime: this.#replay.since };
    const path = logPath(this.#target, query);
    return await this.#dependencies.api.open({ method: 'GET', path, what: logWords(this.#target) }, signal);
  }

  /** A silent container's log counts as followed if the API server answers other requests. */
  async #trustSilence(opening: Promise<IncomingMessage>): Promise<void> {
    const silent = await Promise.race([
      opening.then(() => false),
      pause(limits.logPauseMs, this.#stopped).then(() => true),
    ]);
    if (silent && (await this.#dependencies.healthCheck.check()) === undefined)
      this.#health.whole('the log is followed again');
  }

  /**
   * After a break, delivers what the container's previous run still printed. The request follows the one for the current
   * log: a run that ends meanwhile is then in one of the two.
   */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const before = this.#instance;
    this.#instance = await this.#instanceNow();
    if (!before) return;
    const restarts = this.#instance.restarts - before.restarts;
    if (restarts > (this.#readWhole ? 2 : 1)) {
      const reason = `the container was restarted ${restarts} times within a break: lines may be lost`;
      this.#health.broke(reason);
    }
    const { since } = this.#replay;
    if (since === undefined && restarts === 0) return;
    const previous = await this.#previous(since, signal);
    for (const line of previous.split('\n').slice(0, -1)) this.#line(line);
  }

  async #instanceNow(): Promise<Instance> {
    const { namespace, pod, container } = this.#target;
    const object = await this.#dependencies.objects.get({ apiVersion: 'v1', kind: 'Pod', namespace, name: pod });
    const podUid = object?.metadata.uid;
    if (!object || podUid === undefined || (this.#instance && this.#instance.podUid !== podUid)) {
      throw new ClusterError('not-found', `Pod ${namespace}/${pod} is gone`);
    }
    return { podUid, restarts: restartsOf(object, container) };
  }

  async #previous(since: string | undefined, signal: AbortSignal): Promise<string> {
    const path = logPath(this.#target, { previous: 'true', timestamps: 'true', sinceTime: since });
    try {
      return await this.#dependencies.api.call({ method: 'GET', path, what: logWords(this.#target), signal });
    } catch (thrown) {
      // 400: the container has no previous run.
      if (thrown instanceof ClusterError && thrown.code === 'invalid') return '';
      throw thrown;
    }
  }

  /** @returns whether the log was read to its end */
  async #read(response: IncomingMessage): Promise<boolean> {
    const lines = new Lines((line) => this.#line(line));
    try {
      for await (const chunk of response) lines.push(chunk as Buffer);
      return response.complete;
    } catch {
      return false;
    }
  }

  #line(line: string): void {
    if (this.#stopped.aborted) return;
    const read = readLine(line);
    if (!read) {
      // The node writes its own failures into the log, without a time stamp.
      this.#health.broke(line);
      return;
    }
    if (this.#replay.isNew(read.stamp, line)) this.#handlers.line(read.text);
  }
}

function restartsOf(pod: Manifest, container: string): number {
  const status = isRecord(pod['status']) ? pod['status'] : {};
  const all = ['containerStatuses', 'initContainerStatuses'].flatMap((field) => status[field] ?? []);
  const own = all.filter(isRecord).find(({ name }) => name === container);
  return Number(own?.['restartCount'] ?? 0);
}

/** The API server refuses the log of a container that has not started. */
function isNotStarted(error: ClusterError): boolean {
  return error.code === 'invalid' && /waiting to start|is not available|has not been created/.test(error.message);
}

/** Nanoseconds since 1970. */
export type Stamp = bigint;

const second = 1_000_000_000n;
const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /;

/** Splits a log line into time stamp and text; undefined for a line without a stamp, which is the node's own. */
export function readLine(line: string): { stamp: Stamp; text: string } | undefined {
  const match = pattern.exec(line);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms)) return undefined;
  const stamp = BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
  return { stamp, text: line.slice(match[0].length) };
}

/**
 * Drops the lines that come again when a log is followed after a break. A request can start at a whole second only, and the
 * stamps of stdout and stderr may be a little out of order. So lines are compared by stamp and text, and counted, over the
 * last two seconds.
 */
export class LogReplay {
  /** By second, each line and its count. */
  readonly #seen = new Map<bigint, Map<string, number>>();
  #expected = new Map<string, number>();
  /** The earliest stamp of the first reading. */
  #first: Stamp | undefined;
  #resumed = false;
  #newest: bigint | undefined;

  /** The start for the next request, RFC 3339; absent before the first line. */
  get since(): string | undefined {
    if (this.#newest === undefined) return undefined;
    return new Date(Number(this.#newest - 1n) * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  /** The log is requested again: the lines since `since` will come again. */
  resume(): void {
    this.#resumed = this.#first !== undefined;
    this.#expected = new Map();
    for (const lines of this.#seen.values()) {
      for (const [line, count] of lines) this.#expected.set(line, (this.#expected.get(line) ?? 0) + count);
    }
  }

  /** True for a new line. A line older than the first reading belongs to another container. */
  isNew(stamp: Stamp, line: string): boolean {
    if (this.#resumed && this.#first !== undefined && stamp < this.#first) return false;
    const again = this.#expected.get(line) ?? 0;
    if (again > 0) {
      this.#expected.set(line, again - 1);
      return false;
    }
    if (this.#first === undefined || stamp < this.#first) this.#first = stamp;
    this.#remember(stamp / second, line);
    return true;
  }

  #remember(at: bigint, line: string): void {
    if (this.#newest === undefined || at > this.#newest) this.#newest = at;
    const lines = this.#seen.get(at) ?? new Map<string, number>();
    lines.set(line, (lines.get(line) ?? 0) + 1);
    this.#seen.set(at, lines);
    for (const old of this.#seen.keys()) if (old < this.#newest - 1n) this.#seen.delete(old);
  }
}
