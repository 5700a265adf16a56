import type { IncomingMessage } from 'node:http';
import { Lines } from '../../processes/lines.ts';
import { ClusterError, type ContainerRef, type LogHandlers, type Manifest, type Stop } from '../cluster.ts';
import type { Api } from './api.ts';
import { Backoff, pauseFor } from './backoff.ts';
import { asClusterError, isRecord } from './failures.ts';
import { Health } from './health.ts';
import type { HealthCheck } from './health-check.ts';
import { limits } from './limits.ts';
import { LogReplay, readLine } from './log-replay.ts';
import { logPath, logWords } from './logs.ts';
import type { Objects } from './objects.ts';
import { Scope } from './scope.ts';

interface Parts {
  api: Api;
  objects: Objects;
  healthCheck: HealthCheck;
}

/** Which run of the container is there. */
interface Instance {
  podUid: string;
  restarts: number;
}

/** Follows a container's log through broken connections and restarts, until it is stopped or the pod is gone. */
export function followLog(parts: Parts, target: ContainerRef, handlers: LogHandlers): Stop {
  const scope = new Scope([parts.api.closing]);
  void new LogFollower(parts, target, handlers, scope.signal).run().finally(() => scope.end());
  return { stop: () => scope.abort() };
}

class LogFollower {
  readonly #parts: Parts;
  readonly #target: ContainerRef;
  readonly #handlers: LogHandlers;
  readonly #stopped: AbortSignal;
  readonly #health: Health;
  readonly #backoff = new Backoff();
  readonly #replay = new LogReplay();
  #instance: Instance | undefined;
  /** Whether the log was read to its end: the container ended, not the connection. */
  #readWhole = true;
  #gone = false;

  constructor(parts: Parts, target: ContainerRef, handlers: LogHandlers, stopped: AbortSignal) {
    this.#parts = parts;
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
        // The log of a container that has ended ends at once, each time, until its successor runs.
        if (this.#readWhole) await pauseFor(limits.logPauseMs, this.#stopped);
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
    // A node that has taken a pod a moment ago may not know it yet.
    if (error.code === 'not-found' || isNotStarted(error)) return await pauseFor(limits.logPauseMs, this.#stopped);
    this.#readWhole = false;
    this.#parts.api.log(error.message);
    this.#health.broke(error.message);
    await this.#backoff.pause(this.#stopped);
  }

  /** Whether the pod itself is not there, or another one of its name is. */
  async #isGone(): Promise<boolean> {
    try {
      await this.#look();
      return false;
    } catch (thrown) {
      return asClusterError(thrown).code === 'not-found';
    }
  }

  /** One connection, from its request to its end. */
  async #follow(): Promise<void> {
    const scope = new Scope([this.#stopped]);
    const listening = this.#parts.healthCheck.listen((reason) => {
      this.#readWhole = false;
      this.#health.broke(reason);
      scope.abort();
    });
    this.#replay.resume();
    try {
      const opening = this.#open(scope.signal);
      // Awaited below; a failure before that must not count as unhandled.
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

  /** The answer's head comes with the first line, not before: there is no time limit for it but the health check. */
  async #open(signal: AbortSignal): Promise<IncomingMessage> {
    const query = { follow: 'true', timestamps: 'true', sinceTime: this.#replay.since };
    const path = logPath(this.#target, query);
    return await this.#parts.api.open({ method: 'GET', path, what: logWords(this.#target) }, signal);
  }

  /** A container that prints nothing is followed nonetheless, if the API server took the request and answers others. */
  async #trustSilence(opening: Promise<IncomingMessage>): Promise<void> {
    const silent = await Promise.race([
      opening.then(() => false),
      pauseFor(limits.logPauseMs, this.#stopped).then(() => true),
    ]);
    if (silent && (await this.#parts.healthCheck.check()) === undefined)
      this.#health.whole('the log is followed again');
  }

  /**
   * After a break, what the container's previous run still printed. Asked for after the current log was: whatever ends
   * meanwhile is then in the one or in the other.
   */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const before = this.#instance;
    this.#instance = await this.#look();
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

  async #look(): Promise<Instance> {
    const { namespace, pod, container } = this.#target;
    const object = await this.#parts.objects.get({ apiVersion: 'v1', kind: 'Pod', namespace, name: pod });
    const podUid = object?.metadata.uid;
    if (!object || podUid === undefined || (this.#instance && this.#instance.podUid !== podUid)) {
      throw new ClusterError('not-found', `Pod ${namespace}/${pod} is gone`);
    }
    return { podUid, restarts: restartsOf(object, container) };
  }

  async #previous(since: string | undefined, signal: AbortSignal): Promise<string> {
    const path = logPath(this.#target, { previous: 'true', timestamps: 'true', sinceTime: since });
    try {
      return await this.#parts.api.call({ method: 'GET', path, what: logWords(this.#target), signal });
    } catch (thrown) {
      // 400: the container has no previous run.
      if (thrown instanceof ClusterError && thrown.code === 'invalid') return '';
      throw thrown;
    }
  }

  /** Answers whether the log was read to its end. */
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
      // The node puts its own failures into the log, without a time stamp.
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

/** The API refuses the log of a container that does not run yet. */
function isNotStarted(error: ClusterError): boolean {
  return error.code === 'invalid' && /waiting to start|is not available|has not been created/.test(error.message);
}
