import type { Cluster, ContainerRef, Stop } from '../kube/cluster.ts';
import { noncesIn } from './nonce.ts';

/** The nonces that a server has logged, followed while the run lasts. */
export class ServerLog {
  private readonly seen = new Set<string>();
  private readonly waiting = new Map<string, (came: boolean) => void>();
  private readonly tail: Stop;

  constructor(cluster: Pick<Cluster, 'followLog'>, target: ContainerRef, log: (line: string) => void) {
    this.tail = cluster.followLog(target, {
      line: (text) => {
        for (const nonce of noncesIn(text)) {
          this.seen.add(nonce);
          this.waiting.get(nonce)?.(true);
        }
      },
      broken: (isBroken, reason) =>
        log(`log of ${target.pod}/${target.container}: ${isBroken ? reason : 'followed again'}`),
    });
  }

  has(nonce: string): boolean {
    return this.seen.has(nonce);
  }

  /** Whether the nonce is in the log, or comes within `limitMs`. */
  wait(nonce: string, limitMs: number): Promise<boolean> {
    if (this.seen.has(nonce)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (came: boolean) => {
        clearTimeout(timer);
        this.waiting.delete(nonce);
        resolve(came);
      };
      const timer = setTimeout(() => settle(false), limitMs);
      this.waiting.set(nonce, settle);
    });
  }

  close(): void {
    this.tail.stop();
    for (const settle of [...this.waiting.values()]) settle(false);
  }
}
