/** A node that runs nothing, for tests of the API server. A pod's state follows from its images' names. */
import type { ContainerReport, ExecStreams, Kubelet, LogLine, Manifest, PodReport } from '../../contract.ts';
import { at, itemsOf, textOf } from '../json.ts';

export interface FakeKubelet extends Kubelet {
  /** Reports something else of a pod, such as a restart. */
  report(uid: string, change: (report: PodReport) => PodReport): void;
  /** Adds a line to a container's log. */
  log(uid: string, container: string, text: string, time?: Date): void;
  /** What `exec` does; the argv tells which. */
  commands: Map<string, (argv: string[], streams: ExecStreams) => Promise<number | NodeJS.Signals>>;
  readonly running: ReadonlySet<string>;
  /** Delays every `stopPod` until the returned function is called. */
  delayStops(): () => void;
}

interface Line extends LogLine {
  container: string;
}

/** Images named `missing…` cannot be pulled, `slow…` never become ready; all others run at once. */
export function createFakeKubelet(): FakeKubelet {
  const reports = new Map<string, { report: PodReport; send(report: PodReport): void }>();
  const logs = new Map<string, Line[]>();
  const listeners = new Set<() => void>();
  const commands: FakeKubelet['commands'] = new Map();
  let next = 10;
  let delay: Promise<void> | undefined;

  function first(pod: Manifest): PodReport {
    next += 1;
    return {
      ip: `10.244.${next >> 8}.${next & 0xff}`,
      containers: itemsOf(at(pod, 'spec', 'containers')).map(reportOf),
    };
  }

  return {
    commands,
    get running() {
      return new Set(reports.keys());
    },
    delayStops() {
      let release = (): void => undefined;
      delay = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    async startPod(pod, send) {
      const entry = { report: first(pod), send };
      reports.set(pod.metadata.uid ?? '', entry);
      send(entry.report);
    },
    async stopPod(uid) {
      await delay;
      reports.delete(uid);
    },
    report(uid, change) {
      const entry = reports.get(uid);
      if (entry === undefined) throw new Error(`pod ${uid} does not run`);
      entry.report = change(entry.report);
      entry.send(entry.report);
    },
    log(uid, container, text, time = new Date()) {
      logs.set(uid, [...(logs.get(uid) ?? []), { container, text, time }]);
      for (const listener of [...listeners]) listener();
    },
    exec(_target, argv, streams) {
      const command = commands.get(argv[0] ?? '');
      if (command === undefined) throw new Error(`exec: "${argv[0]}": executable file not found in $PATH`);
      let kill = (): void => undefined;
      const killed = new Promise<NodeJS.Signals>((resolve) => {
        kill = () => resolve('SIGKILL');
      });
      return { exit: Promise.race([command(argv, streams), killed]), kill };
    },
    async *logs({ uid, container }, { follow, sinceTime, tailLines, signal }) {
      const all = (): Line[] => (logs.get(uid) ?? []).filter((line) => line.container === container);
      const wanted = all().filter((line) => sinceTime === undefined || line.time >= sinceTime);
      let seen = all().length;
      yield* tailLines === undefined ? wanted : wanted.slice(Math.max(0, wanted.length - tailLines));
      while (follow && !signal.aborted) {
        yield* all().slice(seen);
        seen = all().length;
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            listeners.delete(wake);
            resolve();
          };
          listeners.add(wake);
          signal.addEventListener('abort', wake, { once: true });
        });
      }
    },
  };
}

function reportOf(container: Record<string, unknown>): ContainerReport {
  const image = textOf(container['image']);
  const name = textOf(container['name']);
  const isMissing = image.startsWith('missing');
  return {
    name,
    image,
    imageID: image,
    state: isMissing
      ? { waiting: { reason: 'ErrImagePull', message: `no program is known for ${image}` } }
      : { running: { startedAt: new Date().toISOString() } },
    lastState: {},
    ready: !isMissing && !image.startsWith('slow'),
    started: !isMissing,
    restartCount: 0,
  };
}
