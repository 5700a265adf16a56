/** Seconds that pass only when nothing else is left to do: for working out what would happen, in no time. */
export class VirtualClock {
  private time = 0;
  private waiting: { at: number; wake(): void }[] = [];

  get now(): number {
    return this.time;
  }

  until(at: number): Promise<void> {
    return new Promise((wake) => this.waiting.push({ at: Math.max(at, this.time), wake }));
  }

  /** Lets time pass until the work is done. @throws Error where it waits for something that no time brings */
  async run<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver) return over;
      const next = this.waiting.reduce<number>((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
      if (next === Number.POSITIVE_INFINITY) throw new Error('what is simulated waits for something that never comes');
      this.time = next;
      const due = this.waiting.filter(({ at }) => at <= next);
      this.waiting = this.waiting.filter(({ at }) => at > next);
      for (const { wake } of due) wake();
    }
  }
}
