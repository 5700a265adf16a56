import type { RequestListener } from 'node:http';
import { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ExecHandle, ExecStreams, Kubelet, Manifest, ObjectView } from '../contract.ts';
import type { CaseFacts } from './fault.ts';

const HOUR_MS = 3_600_000;
/** Time from the first command with input to the beginning of the fault, ms. By then claims are running. */
const BEGINS_AFTER_MS = 2_000;
const LASTS_MS = 5_000;
/** How often commands are killed while the fault lasts, ms. */
const KILL_EVERY_MS = 100;
/** Claims that run when the fault begins. */
const RUNNING = ['tcp-routing/other-port', 'permissive/switches', 'egress/switches'];
const SESSIONS_GO_ON = 'sessions that are open go on, and what they show is true';

/** A change of the API server's answers while the fault lasts. */
export interface ApiFault {
  around(next: RequestListener): RequestListener;
  /** True while the server breaks off new exec sessions. */
  refusesUpgrades(): boolean;
  /** Takes the function that breaks off every connection. */
  attach(cut: () => void): void;
}

/** The parts of the cluster that a fault replaces. */
export interface Replaced {
  kubelet?(inner: Kubelet): Kubelet;
  api?: ApiFault;
  /** True for a DNS query that gets no answer. */
  losesQuery?(): boolean;
}

/** A fault of the cluster itself. It says nothing about the mesh. */
export interface EnvironmentFault extends CaseFacts {
  /** True for a fault that lasts until the sandbox ends. */
  isEndless?: true;
  /** Absent for a fault outside of the sandbox. */
  replace?(window: FaultWindow, view: () => ObjectView): Replaced;
}

export const environmentFaults: Record<string, EnvironmentFault> = withClaims({
  'exec-loses-stdout': {
    description: 'exec loses the output of commands',
    replace: (window) => ({ kubelet: (inner) => onStdout(inner, (chunk) => (window.isOpen ? [] : [chunk])) }),
  },
  'exec-adds-a-line': {
    description: 'exec adds a line to the output of commands',
    trusted: 'the output of a probe comes in frames with a digest, and other lines do not count',
    replace: (window) => ({
      kubelet: (inner) =>
        onStdout(inner, (chunk) => (window.isOpen ? [Buffer.from('Defaulted container "curl"\n'), chunk] : [chunk])),
    }),
  },
  'exec-mixes-two-outputs': {
    description: 'exec gives the output of one command to another one',
    replace: (window) => {
      let delayed: Buffer | undefined;
      const swap = (chunk: Buffer): Buffer[] => {
        if (!window.isOpen) return [chunk];
        const other = delayed;
        delayed = chunk;
        return other === undefined ? [] : [other];
      };
      return { kubelet: (inner) => onStdout(inner, swap) };
    },
  },
  'exec-loses-the-status': {
    description: 'exec ends without the exit status of the command',
    replace: (window) => ({ kubelet: (inner) => ending(inner, window, 'lost') }),
  },
  'exec-reports-0-for-killed': {
    description: 'exec reports status 0 for killed commands',
    replace: (window) => ({ kubelet: (inner) => ending(inner, window, 'zero') }),
  },
  'api-down': {
    description: 'the API server is down, and every connection to it breaks off',
    replace: (window) => ({ api: apiFault(window, { isDown: true }) }),
  },
  'api-slow': {
    description: 'the API server takes two seconds for each request',
    trusted: SESSIONS_GO_ON,
    replace: (window) => ({ api: apiFault(window, { delayMs: 2_000 }) }),
  },
  'api-answers-500': {
    description: 'the API server answers with status 500',
    trusted: SESSIONS_GO_ON,
    replace: (window) => ({ api: apiFault(window, { status: 500 }) }),
  },
  'api-answers-429': {
    description: 'the API server answers with status 429',
    trusted: SESSIONS_GO_ON,
    replace: (window) => ({ api: apiFault(window, { status: 429 }) }),
  },
  'dns-down': {
    description: 'names do not resolve',
    replace: (window, view) => scaledToZero(window, view, { namespace: 'kube-system', name: 'coredns' }),
  },
  'dns-loses-one-in-100': {
    description: 'one DNS query in 100 is lost, from the beginning to the end of the claims',
    trusted: 'a probe looks its name up before it connects, and a lookup that fails is no refusal',
    isEndless: true,
    replace: (window) => ({ losesQuery: () => window.isOpen && Math.random() < 0.01 }),
  },
  'server-dead': {
    description: 'the pod of tcp-echo is gone',
    replace: (window, view) => scaledToZero(window, view, { namespace: 'tcp-demo', name: 'tcp-echo' }),
  },
  'node-clock-an-hour-ahead': {
    description: "the node's clock is an hour ahead",
    trusted: 'no verdict depends on it',
    replace: () => ({ kubelet: clockAhead }),
  },
  'disk-full': {
    description: "the disk of the run's folder fills up after a claim has failed on a faulty mesh",
    fault: 'egress-needs-restart',
    diskKiB: 16_384,
    caughtBy: ['egress/off-closes', 'egress/stays-off', 'egress/switches'],
  },
});

type Facts = Omit<EnvironmentFault, 'area' | 'caughtBy'> & { caughtBy?: string[] };

function withClaims(faults: Record<string, Facts>): Record<string, EnvironmentFault> {
  const common = { area: 'environment', caughtBy: [], alongside: RUNNING };
  return Object.fromEntries(Object.entries(faults).map(([name, fault]) => [name, { ...common, ...fault }]));
}

/** Puts an environment fault between the API server and the node. A name that is not one of them changes nothing. */
export function environmentFault(
  name: string | undefined,
  view: () => ObjectView,
  log: (line: string) => void,
): Replaced {
  const fault = environmentFaults[name ?? ''];
  if (fault?.replace === undefined) return {};
  const window = new FaultWindow(log, fault.isEndless === true);
  const { kubelet, ...rest } = fault.replace(window, view);
  return { ...rest, kubelet: (inner) => beginning(kubelet?.(inner) ?? inner, window) };
}

/** Wall-clock times in ms. `to` is infinite if the sandbox ended first. */
export interface FaultPeriod {
  from: number;
  to: number;
}

/** The time in which the environment fault acted, by the sandbox's log; undefined if it never began. */
export function faultPeriodIn(log: string): FaultPeriod | undefined {
  const at = (word: string): number => Date.parse(new RegExp(`^(\\S+) fault ${word}$`, 'm').exec(log)?.[1] ?? '');
  const [from, to] = [at('begins'), at('ends')];
  if (Number.isNaN(from)) return undefined;
  return { from, to: Number.isNaN(to) ? Number.POSITIVE_INFINITY : to };
}

/** The time in which an environment fault acts. It opens once in the life of a sandbox. */
class FaultWindow {
  #isBegun = false;
  #isOpen = false;
  readonly #log: (line: string) => void;
  readonly #isEndless: boolean;
  readonly #onOpen: (() => void)[] = [];
  readonly #onClose: (() => void)[] = [];

  /** @param log - takes a line when the window opens, and one when it closes */
  constructor(log: (line: string) => void, isEndless: boolean) {
    this.#log = log;
    this.#isEndless = isEndless;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  onOpen(act: () => void): void {
    this.#onOpen.push(act);
  }

  onClose(act: () => void): void {
    this.#onClose.push(act);
  }

  /** Opens the window after a while. A second call does nothing. */
  begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    setTimeout(() => this.#turn(true), BEGINS_AFTER_MS);
    if (!this.#isEndless) setTimeout(() => this.#turn(false), BEGINS_AFTER_MS + LASTS_MS);
  }

  #turn(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#log(`fault ${isOpen ? 'begins' : 'ends'}`);
    for (const act of isOpen ? this.#onOpen : this.#onClose) act();
  }
}

/** Starts the clock of the window at the first command with input: probes use such a session. */
function beginning(inner: Kubelet, window: FaultWindow): Kubelet {
  return changingExec(inner, (target, argv, streams) => {
    if (streams.stdin !== undefined) window.begin();
    return inner.exec(target, argv, streams);
  });
}

function onStdout(inner: Kubelet, change: (chunk: Buffer) => Buffer[]): Kubelet {
  return changingExec(inner, (target, argv, streams) => {
    if (streams.stdout === undefined) return inner.exec(target, argv, streams);
    const through = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        for (const each of change(chunk)) this.push(each);
        done();
      },
    });
    const passed = finished(through);
    through.pipe(streams.stdout, { end: false });
    const handle = inner.exec(target, argv, { ...streams, stdout: through });
    const exit = handle.exit.finally(() => {
      through.end();
      return passed;
    });
    return { ...handle, exit };
  });
}

/** Kills every command again and again while the window is open, and reports a wrong end. */
function ending(inner: Kubelet, window: FaultWindow, status: 'lost' | 'zero'): Kubelet {
  const running = new Set<ExecHandle>();
  const killAll = (): void => {
    for (const handle of running) handle.kill();
  };
  const reported = (real: number | NodeJS.Signals, { stdout }: ExecStreams): number | NodeJS.Signals => {
    if (!window.isOpen) return real;
    if (status === 'lost') stdout?.destroy(new Error('the connection was lost'));
    return status === 'zero' ? 0 : real;
  };
  let timer: NodeJS.Timeout | undefined;
  window.onOpen(() => {
    killAll();
    timer = setInterval(killAll, KILL_EVERY_MS);
  });
  window.onClose(() => {
    killAll();
    clearInterval(timer);
  });
  return changingExec(inner, (target, argv, streams) => {
    const handle = inner.exec(target, argv, streams);
    running.add(handle);
    const exit = handle.exit.finally(() => running.delete(handle));
    return { ...handle, exit: exit.then((real) => reported(real, streams)) };
  });
}

function clockAhead(inner: Kubelet): Kubelet {
  return {
    ...changingExec(inner, (...call) => inner.exec(...call)),
    async *logs(target, options) {
      const { sinceTime, ...others } = options;
      const own = sinceTime === undefined ? others : { ...others, sinceTime: new Date(sinceTime.getTime() - HOUR_MS) };
      for await (const { time, text } of inner.logs(target, own)) {
        yield { time: new Date(time.getTime() + HOUR_MS), text };
      }
    },
  };
}

function scaledToZero(
  window: FaultWindow,
  view: () => ObjectView,
  metadata: { namespace: string; name: string },
): Replaced {
  const scale = (replicas: number): Manifest =>
    view().put({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas } });
  window.onOpen(() => scale(0));
  window.onClose(() => scale(1));
  return {};
}

function apiFault(
  window: FaultWindow,
  { isDown, delayMs = 0, status }: { isDown?: true; delayMs?: number; status?: 429 | 500 },
): ApiFault {
  return {
    around: (next) => (request, response) => {
      if (!window.isOpen) next(request, response);
      else if (isDown) request.socket.destroy();
      else if (status === undefined) setTimeout(() => next(request, response), delayMs);
      else {
        const reason = status === 429 ? 'TooManyRequests' : 'InternalError';
        const message = 'this is a fault of the sandbox';
        const answer = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code: status, message };
        response.writeHead(status, { 'Content-Type': 'application/json', 'Retry-After': '1' });
        response.end(JSON.stringify(answer));
      }
    },
    refusesUpgrades: () => window.isOpen && (isDown === true || status !== undefined),
    attach: (cut) => {
      if (isDown) window.onOpen(cut);
    },
  };
}

/** A kubelet with another `exec`. The given one is an instance of a class, which cannot be spread. */
function changingExec(inner: Kubelet, exec: Kubelet['exec']): Kubelet {
  return {
    startPod: (pod, report) => inner.startPod(pod, report),
    stopPod: (uid, graceSeconds) => inner.stopPod(uid, graceSeconds),
    exec,
    logs: (target, options) => inner.logs(target, options),
  };
}
