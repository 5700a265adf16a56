import type { IncomingMessage } from 'node:http';
import { pause } from '../../polling/poll-until.ts';
import { Lines } from '../../processes/lines.ts';
import { ClusterError, type ContainerRef, type LogHandlers, type Manifest, type Stop } from '../cluster.ts';
import type { Api, ApiRequest } from './api.ts';
import { asClusterError, isRecord } from './failures.ts';
import { Health } from './health-check.ts';
import { limits } from './limits.ts';
import { searchOf } from './objects.ts';
import { Backoff, Scope } from './retry.ts';
import type { Dependencies } from './watch.ts';

/** The request for a container's log. */
function logRequest(
  { namespace, pod, container }: ContainerRef,
  query: Record<string, string | undefined>,
): ApiRequest {
  const place = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
  const what = `read the log of container ${container} of Pod ${namespace}/${pod}`;
  return { method: 'GET', path: place + searchOf({ container, ...query }), what };
}

/** @throws ClusterError */
export async function logs(
  api: Api,
  target: ContainerRef,
  { tailLines, previous }: { tailLines?: number; previous?: boolean } = {},
): Promise<string> {
  const query = { tailLines: tailLines?.toString(), previous: previous ? 'true' : undefined };
  return await api.call(logRequest(target, query));
}

/** Which run of the container its log is of. */
interface Instance {
  podUid: string;
  restarts: number;
}

/** Follows a container's log across broken connections and restarts, until it is stopped or the pod is gone. */
export function followLog(
  { api, objects, healthCheck }: Pick<Dependencies, 'api' | 'objects' | 'healthCheck'>,
  target: ContainerRef,
  handlers: LogHandlers,
): Stop {
  const work = new Scope([api.closing]);
  const stopped = work.signal;
  const health = new Health(handlers, stopped);
  const backoff = new Backoff();
  const replay = new LogReplay();
  const podName = `Pod ${target.namespace}/${target.pod}`;
  let instance: Instance | undefined;
  /** The log was read to its end: the container has ended, not the connection. */
  let readWhole = true;

  const take = (line: string): void => {
    if (stopped.aborted) return;
    const read = readLine(line);
    // The node writes its own failures into the log, without a time stamp.
    if (!read) health.broke(line);
    else if (replay.isNew(read.stamp, line)) handlers.line(read.text);
  };
  /** @throws ClusterError `not-found` if the pod no longer exists, or another one has its name */
  const instanceNow = async (): Promise<Instance> => {
    const { namespace, pod, container } = target;
    const object = await objects.get({ apiVersion: 'v1', kind: 'Pod', namespace, name: pod });
    const podUid = object?.metadata.uid;
    if (!object || podUid === undefined || (instance && instance.podUid !== podUid)) {
      throw new ClusterError('not-found', `${podName} is gone`);
    }
    return { podUid, restarts: restartsOf(object, container) };
  };
  const isGone = async (): Promise<boolean> => {
    try {
      await instanceNow();
      return false;
    } catch (thrown) {
      return asClusterError(thrown).code === 'not-found';
    }
  };
  /**
   * After a break, delivers what the container's previous run still printed. The request follows the one for the current
   * log: a run that ends meanwhile is then in one of the two.
   */
  const catchUp = async (signal: AbortSignal): Promise<void> => {
    const before = instance;
    instance = await instanceNow();
    if (!before) return;
    const restarts = instance.restarts - before.restarts;
    if (restarts > (readWhole ? 2 : 1)) {
      health.broke(`the container was restarted ${restarts} times within a break: lines may be lost`);
    }
    const { since } = replay;
    if (since === undefined && restarts === 0) return;
    const request = logRequest(target, { previous: 'true', timestamps: 'true', sinceTime: since });
    const previous = await api.call({ ...request, signal }).catch((thrown: unknown) => {
      // 400: the container has no previous run.
      if (thrown instanceof ClusterError && thrown.code === 'invalid') return '';
      throw thrown;
    });
    for (const line of previous.split('\n').slice(0, -1)) take(line);
  };
  /** A silent container's log counts as followed if the API server answers other requests. */
  const trustSilence = async (opening: Promise<IncomingMessage>): Promise<void> => {
    const silence = pause(limits.logPauseMs, stopped).then(() => true);
    const isSilent = await Promise.race([opening.then(() => false), silence]);
    if (isSilent && (await healthCheck.check()) === undefined) health.whole('the log is followed again');
  };
  /** @returns whether the log was read to its end */
  const read = async (response: IncomingMessage): Promise<boolean> => {
    const lines = new Lines(take);
    try {
      for await (const chunk of response) lines.push(chunk as Buffer);
      return response.complete;
    } catch {
      return false;
    }
  };
  /** One connection, from its request to its end. */
  const follow = async (): Promise<void> => {
    const scope = new Scope([stopped]);
    const listening = healthCheck.listen((reason) => {
      readWhole = false;
      health.broke(reason);
      scope.abort();
    });
    replay.resume();
    try {
      // The answer's head comes with the first line, so that only the health check limits its time.
      const query = { follow: 'true', timestamps: 'true', sinceTime: replay.since };
      const opening = api.open(logRequest(target, query), scope.signal);
      // Awaited below: a failure before that is not unhandled.
      opening.catch(() => undefined);
      await catchUp(scope.signal);
      const [response] = await Promise.all([opening, trustSilence(opening)]);
      health.whole('the log is followed again');
      readWhole = await read(response);
    } finally {
      listening.stop();
      scope.abort();
      scope.end();
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped.aborted) {
      try {
        await follow();
        backoff.reset();
        // Until a container runs again, each request for its log ends at once.
        if (readWhole) await pause(limits.logPauseMs, stopped);
      } catch (thrown) {
        if (stopped.aborted) return;
        const error = asClusterError(thrown);
        if (error.code === 'not-found' && (await isGone())) return health.broke(`${podName} is gone`);
        // A node may not know a new pod yet.
        if (error.code === 'not-found' || isNotStarted(error)) await pause(limits.logPauseMs, stopped);
        else {
          readWhole = false;
          api.log(error.message);
          health.broke(error.message);
          await backoff.pause(stopped);
        }
      }
    }
  };
  void run().finally(() => work.end());
  return { stop: work.abort };
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
  /** The lines of the last two seconds. */
  #recent: { second: bigint; line: string }[] = [];
  /** Each line that comes again, and its count. */
  readonly #expected = new Map<string, number>();
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
    this.#expected.clear();
    for (const { line } of this.#recent) this.#expected.set(line, (this.#expected.get(line) ?? 0) + 1);
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
    if (this.#newest === undefined || at > this.#newest) {
      this.#newest = at;
      this.#recent = this.#recent.filter((each) => each.second >= at - 1n);
    }
    if (at >= this.#newest - 1n) this.#recent.push({ second: at, line });
  }
}
