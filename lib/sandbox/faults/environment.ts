import { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ExecHandle, ExecStreams, Kubelet, Manifest, ObjectView } from '../contract.ts';
import { type AroundApi, apiFault } from './api.ts';
import { FaultWindow } from './window.ts';

const HOUR_MS = 3_600_000;
/** How often commands are killed that ought to go on, ms. */
const KILL_EVERY_MS = 100;

/** What of the cluster a fault stands in the way of. */
export interface Disturbed {
  kubelet?(inner: Kubelet): Kubelet;
  api?: AroundApi;
}

/** Begins a fault in a window of its own. */
type EnvironmentFault = (window: FaultWindow, view: () => ObjectView) => Disturbed;

/** Faults of the cluster itself, which say nothing about the mesh. */
export const environmentFaults = {
  'exec-loses-stdout': (window) => ({
    kubelet: (inner) => onStdout(inner, () => (chunk) => (window.isOpen ? [] : [chunk])),
  }),
  'exec-adds-a-line': (window) => ({
    kubelet: (inner) =>
      onStdout(
        inner,
        () => (chunk) => (window.isOpen ? [Buffer.from('Defaulted container "curl"\n'), chunk] : [chunk]),
      ),
  }),
  'exec-mixes-two-outputs': (window) => {
    let held: Buffer | undefined;
    // What one command printed comes out of the next one that prints.
    const swap = (chunk: Buffer): Buffer[] => {
      if (!window.isOpen) return [chunk];
      const other = held;
      held = chunk;
      return other === undefined ? [] : [other];
    };
    return { kubelet: (inner) => onStdout(inner, () => swap) };
  },
  'exec-loses-the-status': (window) => ({ kubelet: (inner) => ending(inner, window, 'lost') }),
  'exec-reports-0-for-killed': (window) => ({ kubelet: (inner) => ending(inner, window, 'zero') }),
  'node-clock-an-hour-ahead': () => ({ kubelet: clockAhead }),
  'api-down': (window) => ({ api: apiFault(window, { isDown: true }) }),
  'api-slow': (window) => ({ api: apiFault(window, { delayMs: 2_000 }) }),
  'api-answers-500': (window) => ({ api: apiFault(window, { status: 500 }) }),
  'api-answers-429': (window) => ({ api: apiFault(window, { status: 429 }) }),
  'dns-down': (window, view) => scaledToZero(window, view, { namespace: 'kube-system', name: 'coredns' }),
  'server-dead': (window, view) => scaledToZero(window, view, { namespace: 'tcp-demo', name: 'tcp-echo' }),
} satisfies Record<string, EnvironmentFault>;

/** Stands between API server and node for a fault of the environment; nothing for any other name. */
export function disturb(name: string | undefined, view: () => ObjectView, say: (line: string) => void): Disturbed {
  const fault = (environmentFaults as Record<string, EnvironmentFault>)[name ?? ''];
  if (fault === undefined) return {};
  const window = new FaultWindow(say);
  const { kubelet, ...rest } = fault(window, view);
  return { ...rest, kubelet: (inner) => beginning(kubelet?.(inner) ?? inner, window) };
}

/** The window is counted from the first command that is given input: a session through which claims are probed. */
function beginning(inner: Kubelet, window: FaultWindow): Kubelet {
  return {
    ...bound(inner),
    exec: (target, argv, streams) => {
      if (streams.stdin !== undefined) window.begin();
      return inner.exec(target, argv, streams);
    },
  };
}

function onStdout(inner: Kubelet, begin: () => (chunk: Buffer) => Buffer[]): Kubelet {
  return {
    ...bound(inner),
    exec: (target, argv, streams) => {
      if (streams.stdout === undefined) return inner.exec(target, argv, streams);
      const through = changing(begin());
      const passed = finished(through);
      through.pipe(streams.stdout, { end: false });
      const handle = inner.exec(target, argv, { ...streams, stdout: through });
      const exit = handle.exit.finally(() => {
        through.end();
        return passed;
      });
      return { ...handle, exit };
    },
  };
}

function changing(change: (chunk: Buffer) => Buffer[]): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const each of change(chunk)) this.push(each);
      done();
    },
  });
}

/** Ends every command that runs while the window is open, again and again, and tells its end wrongly. */
function ending(inner: Kubelet, window: FaultWindow, told: 'lost' | 'zero'): Kubelet {
  const running = new Set<ExecHandle>();
  const killAll = (): void => {
    for (const handle of running) handle.kill();
  };
  let again: NodeJS.Timeout | undefined;
  window.opening(() => {
    killAll();
    again = setInterval(killAll, KILL_EVERY_MS);
  });
  window.closing(() => {
    killAll();
    clearInterval(again);
  });
  return {
    ...bound(inner),
    exec: (target, argv, streams) => {
      const handle = inner.exec(target, argv, streams);
      running.add(handle);
      const exit = handle.exit.finally(() => running.delete(handle));
      return { ...handle, exit: exit.then((status) => tell(status, streams)) };
    },
  };

  function tell(status: number | NodeJS.Signals, { stdout }: ExecStreams): number | NodeJS.Signals {
    if (!window.isOpen) return status;
    if (told === 'lost') stdout?.destroy(new Error('the connection was lost'));
    return told === 'zero' ? 0 : status;
  }
}

function clockAhead(inner: Kubelet): Kubelet {
  return {
    ...bound(inner),
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
): Disturbed {
  const scale = (replicas: number): Manifest =>
    view().put({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas } });
  window.opening(() => scale(0));
  window.closing(() => scale(1));
  return {};
}

/** The methods of a kubelet, which is an instance of a class, as members that can be spread. */
function bound(inner: Kubelet): Kubelet {
  return {
    startPod: (pod, report) => inner.startPod(pod, report),
    stopPod: (uid, graceSeconds) => inner.stopPod(uid, graceSeconds),
    exec: (target, argv, streams) => inner.exec(target, argv, streams),
    logs: (target, options) => inner.logs(target, options),
  };
}
