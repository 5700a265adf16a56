import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { ContainerReport, ContainerState, ExecHandle, ExecStreams } from '../contract.ts';
import { BackOff, type BackOffSettings } from './back-off.ts';
import { type ContainerPlan, type End, execIn, kill, type RunningContainer, startContainer } from './container.ts';
import type { Image } from './images.ts';
import { ContainerLog } from './log.ts';
import { pause } from './pause.ts';
import type { Pipes } from './pipes.ts';
import type { ContainerSpec } from './pod-spec.ts';
import { type Check, watchProbe } from './probe.ts';
import { hasProgram } from './root.ts';
import { inTerminal } from './terminal.ts';

/** How long an image that is not there is first said to be pulled in vain. */
const PULL_TRIED_MS = 1_000;
const PROBE_KILL_GRACE_S = 5;

/** What a container needs of its pod. */
export interface ContainerRuntimeHost {
  pipes: Pipes;
  backOff: BackOffSettings;
  image(reference: string): Image | undefined;
  /** @throws Error when something that the container refers to is not there */
  plan(spec: ContainerSpec, image: Image): ContainerPlan;
  restarts(end: End): boolean;
  /** A check that does not run in the container. */
  checkFromNode: Check;
  /** The container's state has changed. */
  changed(): void;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** A container whose image stands for a service of the sandbox runs; the answer is called when it does not any more. */
  serve(image: Image, plan: ContainerPlan): () => void;
}

/** One container of a pod through all its runs. */
export class ContainerRuntime {
  readonly spec: ContainerSpec;
  /** Settles when the container has run for the first time, or never will. */
  readonly started: Promise<void>;
  readonly #host: ContainerRuntimeHost;
  readonly #end = new AbortController();
  readonly #backOff: BackOff;
  #tellStarted = (): void => undefined;
  #life: Promise<void> | undefined;
  #running: (RunningContainer & { env: Record<string, string> }) | undefined;
  #state: ContainerState;
  #lastState: ContainerState | undefined;
  #isReady = false;
  #restarts = 0;
  #id = '';
  #log = new ContainerLog();
  #previousLog = new ContainerLog();

  constructor(spec: ContainerSpec, waitingFor: string, host: ContainerRuntimeHost) {
    this.spec = spec;
    this.#host = host;
    this.#backOff = new BackOff(host.backOff);
    this.#state = { waiting: { reason: waitingFor } };
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve;
    });
  }

  /** Begins the container's life; settles when it has ended for good. */
  live(): Promise<void> {
    this.#life ??= this.#live();
    return this.#life;
  }

  get isCompleted(): boolean {
    return this.#state.terminated?.exitCode === 0;
  }

  /** Ends it: SIGTERM, after the grace SIGKILL. */
  async stop(graceSeconds: number): Promise<void> {
    this.#end.abort();
    this.#terminate(graceSeconds);
    await this.#life;
  }

  report(): ContainerReport {
    return {
      name: this.spec.name,
      state: this.#state,
      ...(this.#lastState === undefined ? {} : { lastState: this.#lastState }),
      ready: this.#isReady,
      restartCount: this.#restarts,
      ...(this.#id === '' ? {} : { containerID: this.#id, imageID: this.spec.image }),
    };
  }

  log(previous: boolean): ContainerLog {
    return previous ? this.#previousLog : this.#log;
  }

  /** @throws Error, with the text for the user, where the container does not run or has no such program */
  exec(argv: string[], streams: ExecStreams): ExecHandle {
    const running = this.#running;
    if (running === undefined) throw new Error(`container ${this.spec.name} is not running`);
    const [program = ''] = argv;
    if (!hasProgram(program)) {
      const missing = new Error(`exec: "${program}": executable file not found in $PATH`);
      return { exit: Promise.reject(missing), kill: () => undefined };
    }
    const command = streams.isTerminal ? inTerminal(argv) : argv;
    return execIn(running.pid, command, running.env, streams, this.#host.pipes);
  }

  async #live(): Promise<void> {
    try {
      const image = this.#host.image(this.spec.image);
      if (image === undefined) await this.#missImage();
      else await this.#runAgainAndAgain(image);
    } finally {
      this.#tellStarted();
    }
  }

  async #missImage(): Promise<void> {
    const { image } = this.spec;
    const message = `failed to pull image "${image}": the sandbox does not know it`;
    this.#host.event('Warning', 'Failed', message);
    this.#become({ waiting: { reason: 'ErrImagePull', message } });
    await pause(PULL_TRIED_MS, this.#end.signal);
    this.#host.event('Warning', 'BackOff', `Back-off pulling image "${image}"`);
    this.#become({ waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}": ${message}` } });
  }

  async #runAgainAndAgain(image: Image): Promise<void> {
    while (!this.#end.signal.aborted) {
      const startedAt = new Date();
      const end = await this.#runOnce(image, startedAt);
      if (end === undefined) {
        await pause(Math.max(1_000, this.#backOff.next(0)), this.#end.signal);
        continue;
      }
      if (this.#end.signal.aborted || !this.#host.restarts(end)) return;
      const waitMs = this.#backOff.next(Date.now() - startedAt.getTime());
      this.#lastState = this.#state;
      if (waitMs > 0) {
        const message = `back-off ${waitMs / 1_000}s restarting failed container=${this.spec.name}`;
        this.#host.event('Warning', 'BackOff', message);
        this.#become({ waiting: { reason: 'CrashLoopBackOff', message } });
        await pause(waitMs, this.#end.signal);
      }
      this.#restarts += 1;
    }
  }

  /** One run from start to end; undefined where it could not be started. */
  async #runOnce(image: Image, startedAt: Date): Promise<End | undefined> {
    this.#previousLog = this.#log;
    this.#log = new ContainerLog();
    const started = await this.#start(image);
    if (started === undefined) return undefined;
    const { running, withdraw } = started;
    // A stop that came while it started found nothing to end.
    if (this.#end.signal.aborted) kill(running.pid, 'SIGKILL');
    const probing = new AbortController();
    this.#isReady = this.spec.readinessProbe === undefined && this.spec.startupProbe === undefined;
    this.#become({ running: { startedAt: rfc3339(startedAt) } });
    this.#host.event('Normal', 'Started', `Started container ${this.spec.name}`);
    this.#tellStarted();
    const probed = this.#probe(probing.signal);
    const end = await running.ended;
    withdraw();
    probing.abort();
    await probed;
    this.#running = undefined;
    const exitCode = exitCodeOf(end);
    this.#isReady = false;
    this.#become({
      terminated: {
        exitCode,
        reason: exitCode === 0 ? 'Completed' : 'Error',
        startedAt: rfc3339(startedAt),
        finishedAt: rfc3339(new Date()),
        containerID: this.#id,
      },
    });
    return end;
  }

  async #start(image: Image): Promise<{ running: RunningContainer; withdraw: () => void } | undefined> {
    let running: RunningContainer | undefined;
    try {
      const plan = this.#host.plan(this.spec, image);
      running = await startContainer(plan, this.#host.pipes, this.#log);
      const withdraw = this.#host.serve(image, plan);
      this.#running = { ...running, env: plan.env };
      this.#id = `sandbox://${randomBytes(32).toString('hex')}`;
      return { running, withdraw };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#host.event('Warning', 'Failed', `Error: ${message}`);
      this.#become({ waiting: { reason: 'CreateContainerError', message } });
      if (running !== undefined) kill(running.pid, 'SIGKILL');
      return undefined;
    }
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const { startupProbe, readinessProbe, livenessProbe } = this.spec;
    if (startupProbe !== undefined) {
      const isUp = await this.#startUp(startupProbe, signal);
      if (!isUp) return;
    }
    if (readinessProbe === undefined) this.#setReady(true);
    await Promise.all([
      readinessProbe && watchProbe(readinessProbe, this.#check, (isPassed) => this.#setReady(isPassed), signal),
      livenessProbe &&
        watchProbe(livenessProbe, this.#check, (isPassed) => this.#survive(isPassed, 'Liveness'), signal),
    ]);
  }

  async #startUp(spec: NonNullable<ContainerSpec['startupProbe']>, signal: AbortSignal): Promise<boolean> {
    const decided = new AbortController();
    let isUp = false;
    const decide = (isPassed: boolean): void => {
      isUp = isPassed;
      decided.abort();
      this.#survive(isPassed, 'Startup');
    };
    signal.addEventListener('abort', () => decided.abort(), { once: true });
    await watchProbe(spec, this.#check, decide, decided.signal);
    return isUp;
  }

  readonly #check: Check = async (spec, timeoutMs) => {
    const running = this.#running;
    if (running === undefined) return false;
    if (spec.exec === undefined) return this.#host.checkFromNode(spec, timeoutMs);
    const command = execIn(running.pid, spec.exec.command, running.env, {}, this.#host.pipes);
    const timer = setTimeout(() => command.kill(), timeoutMs);
    try {
      return (await command.exit) === 0;
    } catch (error) {
      this.#host.event('Warning', 'Unhealthy', `a probe of ${this.spec.name} could not be run: ${error}`);
      return false;
    } finally {
      clearTimeout(timer);
    }
  };

  #survive(isPassed: boolean, probe: string): void {
    if (isPassed) return;
    this.#host.event('Warning', 'Unhealthy', `${probe} probe failed, container ${this.spec.name} will be restarted`);
    this.#terminate(PROBE_KILL_GRACE_S);
  }

  #terminate(graceSeconds: number): void {
    const running = this.#running;
    if (running === undefined) return;
    if (graceSeconds <= 0) {
      kill(running.pid, 'SIGKILL');
      return;
    }
    kill(running.pid, 'SIGTERM');
    const timer = setTimeout(() => kill(running.pid, 'SIGKILL'), graceSeconds * 1_000);
    running.ended.finally(() => clearTimeout(timer));
  }

  #setReady(isReady: boolean): void {
    if (this.#isReady === isReady || this.#running === undefined) return;
    this.#isReady = isReady;
    this.#host.changed();
  }

  #become(state: ContainerState): void {
    this.#state = state;
    this.#host.changed();
  }
}

function exitCodeOf(end: End): number {
  return typeof end === 'number' ? end : 128 + constants.signals[end];
}

function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
