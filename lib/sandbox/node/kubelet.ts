import type {
  ContainerTarget,
  ExecHandle,
  ExecStreams,
  Kubelet,
  LogLine,
  LogOptions,
  Manifest,
  PodReport,
} from '../contract.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import { type Node, Pod } from './pod.ts';

/** Runs pods as processes of this machine. */
export class NodeKubelet implements Kubelet {
  readonly #node: Node;
  readonly #pods = new Map<string, Pod>();
  #started = 0;

  constructor(node: Node) {
    this.#node = node;
  }

  async startPod(manifest: Manifest, report: (status: PodReport) => void): Promise<void> {
    this.#started += 1;
    const pod = new Pod(manifest, this.#started, this.#node, report);
    this.#pods.set(manifest.metadata.uid ?? '', pod);
    pod.start();
  }

  async stopPod(uid: string, graceSeconds: number): Promise<void> {
    await this.#pods.get(uid)?.stop(graceSeconds);
    this.#pods.delete(uid);
  }

  exec(target: ContainerTarget, argv: string[], streams: ExecStreams): ExecHandle {
    return this.#unit(target).exec(argv, streams);
  }

  logs(target: ContainerTarget, options: LogOptions): AsyncIterable<LogLine> {
    return this.#unit(target).log(options.previous).read(options);
  }

  #unit({ uid, container }: ContainerTarget): ContainerRuntime {
    const unit = this.#pods.get(uid)?.unit(container);
    if (unit === undefined) throw new Error(`container ${container} is not on this node`);
    return unit;
  }
}
