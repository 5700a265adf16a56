import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { pause } from '../../polling/poll-until.ts';
import type { ContainerReport, ContainerState, ExecHandle, ExecStreams } from '../contract.ts';
import type { Pipes } from './container.ts';
import { type ContainerPlan, type End, execIn, kill, type RunningContainer, startContainer } from './container.ts';
import { ContainerLog } from './log.ts';
import type { ContainerSpec } from './pod-spec.ts';
import { programPath } from './root.ts';
import { BackOff, type Check, probeResults } from './waiting.ts';

/** Time from ErrImagePull to ImagePullBackOff for an unknown image, ms. */
const PULL_MS = 1_000;
const PROBE_KILL_GRACE_S = 5;

/** What a container needs of its pod. */
export interface ContainerRuntimeHost {
  pipes: Pipes;
  /** See BackOff. */
  firstWaitMs: number;
  /** Undefined if the image is unknown. @throws Error if the container refers to something that does not exist */
  plan: (() => ContainerPlan) | undefined;
  restarts(end: End): boolean;
  /** The container's state has changed. */
  changed(): void;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

interface Running extends RunningContainer {
  env: Record<string, string>;
  endService: (() => void) | undefined;
}

/** One container of a pod through all its runs. */
export class ContainerRuntime {
  readonly spec: ContainerSpec;
  /** Resolves when the container has run for the first time, or never will. */
  readonly started: Promise<void>;
  readonly #host: ContainerRuntimeHost;
  readonly #end = new AbortController();
  readonly #backOff: BackOff;
  #onStarted = (): void => undefined;
  #life: Promise<void> | undefined;
  #running: Running | undefined;
  #state: ContainerState;
  #lastState: ContainerState = {};
  #isReady = false;
  #restarts = 0;
  #id = '';
  #log = new ContainerLog();
  #previousLog = new ContainerLog();

  constructor(spec: ContainerSpec, waitingFor: string, host: ContainerRuntimeHost) {
    this.spec = spec;
    this.#host = host;
    this.#backOff = new BackOff(host.firstWaitMs);
    this.#state = { waiting: { reason: waitingFor } };
    this.started = new Promise((resolve) => {
      this.#onStarted = resolve;
    });
  }

  /** Runs the container. Resolves when it has ended for good. */
  live(): Promise<void> {
    this.#life ??= this.#live();
    return this.#life;
  }

  get isCompleted(): boolean {
    return this.#state.terminated?.exitCode === 0;
  }

  /** Ends the container: by SIGTERM, and after the grace by SIGKILL. */
  async stop(graceSeconds: number): Promise<void> {
    this.#end.abort();
    this.#terminate(graceSeconds);
    await this.#life;
  }

  report(): ContainerReport {
    return {
      name: this.spec.name,
      image: this.spec.image,
      imageID: this.spec.image,
      state: this.#state,
      lastState: this.#lastState,
      ready: this.#isReady,
      started: this.#running !== undefined,
      restartCount: this.#restarts,
      ...(this.#id === '' ? {} : { containerID: this.#id }),
    };
  }

  log(previous: boolean): ContainerLog {
    return previous ? this.#previousLog : this.#log;
  }

  /** @throws Error, with a message for the user, if the container does not run or has no such program */
  exec(argv: string[], streams: ExecStreams): ExecHandle {
    const running = this.#running;
    if (running === undefined) throw new Error(`container ${this.spec.name} is not running`);
    const [program = ''] = argv;
    if (programPath(program) === undefined) {
      const missing = new Error(`exec: "${program}": executable file not found in $PATH`);
      return { exit: Promise.reject(missing), kill: () => undefined };
    }
    const command = streams.isTerminal ? inTerminal(argv) : argv;
    return execIn(running.pid, command, running.env, streams, this.#host.pipes);
  }

  async #live(): Promise<void> {
    const { plan } = this.#host;
    try {
      if (plan === undefined) await this.#missImage();
      else await this.#runAgainAndAgain(plan);
    } finally {
      this.#onStarted();
    }
  }

  async #missImage(): Promise<void> {
    const { image } = this.spec;
    const message = `failed to pull image "${image}": the sandbox does not know it`;
    this.#host.event('Warning', 'Failed', message);
    this.#setState({ waiting: { reason: 'ErrImagePull', message } });
    await pause(PULL_MS, this.#end.signal);
    const backOff = `Back-off pulling image "${image}"`;
    this.#host.event('Warning', 'BackOff', backOff);
    this.#setState({ waiting: { reason: 'ImagePullBackOff', message: `${backOff}: ${message}` } });
  }

  async #runAgainAndAgain(plan: () => ContainerPlan): Promise<void> {
    while (!this.#end.signal.aborted) {
      const startedAt = new Date();
      const end = await this.#runOnce(plan, startedAt);
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
        this.#setState({ waiting: { reason: 'CrashLoopBackOff', message } });
        await pause(waitMs, this.#end.signal);
      }
      this.#restarts += 1;
    }
  }

  /** One run from start to end. Undefined if it could not start. */
  async #runOnce(plan: () => ContainerPlan, startedAt: Date): Promise<End | undefined> {
    this.#previousLog = this.#log;
    this.#log = new ContainerLog();
    const running = await this.#start(plan);
    if (running === undefined) return undefined;
    // A stop during the start found no process to end.
    if (this.#end.signal.aborted) kill(running.pid, 'SIGKILL');
    const probing = new AbortController();
    this.#isReady = this.spec.readinessProbe === undefined && this.spec.startupProbe === undefined;
    this.#setState({ running: { startedAt: rfc3339(startedAt) } });
    this.#host.event('Normal', 'Started', `Started container ${this.spec.name}`);
    this.#onStarted();
    const probed = this.#probe(probing.signal);
    const end = await running.ended;
    running.endService?.();
    probing.abort();
    await probed;
    this.#running = undefined;
    const exitCode = typeof end === 'number' ? end : 128 + constants.signals[end];
    this.#isReady = false;
    this.#setState({
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

  async #start(planned: () => ContainerPlan): Promise<Running | undefined> {
    let running: RunningContainer | undefined;
    try {
      const plan = planned();
      running = await startContainer(plan, this.#host.pipes, this.#log);
      this.#running = { ...running, env: plan.env, endService: plan.serve?.() };
      this.#id = `sandbox://${randomBytes(32).toString('hex')}`;
      return this.#running;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#host.event('Warning', 'Failed', `Error: ${message}`);
      this.#setState({ waiting: { reason: 'CreateContainerError', message } });
      if (running !== undefined) kill(running.pid, 'SIGKILL');
      return undefined;
    }
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const { name, startupProbe, readinessProbe } = this.spec;
    if (startupProbe !== undefined) {
      // The first result decides. A container whose startup probe fails is restarted.
      const { value: isStarted } = await probeResults(startupProbe, this.#check, signal).next();
      if (isStarted === false) {
        this.#host.event('Warning', 'Unhealthy', `Startup probe failed, container ${name} will be restarted`);
        this.#terminate(PROBE_KILL_GRACE_S);
      }
      if (isStarted !== true) return;
    }
    if (readinessProbe === undefined) this.#setReady(true);
    else for await (const isPassed of probeResults(readinessProbe, this.#check, signal)) this.#setReady(isPassed);
  }

  readonly #check: Check = async ({ exec, timeoutSeconds }) => {
    const running = this.#running;
    if (running === undefined || exec === undefined) return false;
    const command = execIn(running.pid, exec.command, running.env, {}, this.#host.pipes);
    const timer = setTimeout(() => command.kill(), timeoutSeconds * 1_000);
    try {
      return (await command.exit) === 0;
    } catch (error) {
      this.#host.event('Warning', 'Unhealthy', `a probe of ${this.spec.name} could not run: ${error}`);
      return false;
    } finally {
      clearTimeout(timer);
    }
  };

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

  #setState(state: ContainerState): void {
    this.#state = state;
    this.#host.changed();
  }
}

/**
 * Runs a command in a terminal: Node cannot open one, but util-linux's `script` can. Later changes of its size are ignored.
 *
 * @throws Error, with a message for the user, if the machine has no `script`
 */
function inTerminal(argv: string[]): string[] {
  if (programPath('script') === undefined) {
    throw new Error('a terminal needs the program script of util-linux, which this machine lacks: omit --tty');
  }
  const quoted = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  return ['script', '--quiet', '--return', '--command', quoted.join(' '), '/dev/null'];
}

function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
