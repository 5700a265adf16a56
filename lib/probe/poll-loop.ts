/** Something done again and again until it is stopped. */
export interface PollLoop {
  /** Begins the next turn at once, or right after the present one. */
  poke(): void;
  stop(): void;
  /** Settles when the last turn is over. */
  readonly ended: Promise<void>;
}

/**
 * Runs `turn` until `stop`, each turn begun `intervalMs()` after the last one began, or when that is over.
 * A turn must not reject.
 */
export function pollLoop(intervalMs: () => number, turn: () => Promise<void>): PollLoop {
  let running = true;
  let poked = false;
  let wake: () => void = () => {};
  const run = async () => {
    while (running) {
      poked = false;
      const begun = performance.now();
      await turn();
      const rest = begun + intervalMs() - performance.now();
      if (!running || poked || rest <= 0) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, rest);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const poke = () => {
    poked = true;
    wake();
  };
  return {
    poke,
    stop: () => {
      running = false;
      wake();
    },
    ended: run(),
  };
}
