/** A time limit that runs only while it is told to: waiting for other claims costs a claim nothing. */
export class Limit {
  private readonly onEnd: () => void;
  private left: number;
  private running: { timer: NodeJS.Timeout; since: number } | undefined;

  /** @param ms after which `onEnd` is called, once */
  constructor(ms: number, onEnd: () => void) {
    this.left = ms;
    this.onEnd = onEnd;
  }

  run(): void {
    this.running ??= { timer: setTimeout(this.onEnd, this.left), since: performance.now() };
  }

  pause(): void {
    if (this.running === undefined) return;
    clearTimeout(this.running.timer);
    this.left = Math.max(0, this.left - (performance.now() - this.running.since));
    this.running = undefined;
  }
}
