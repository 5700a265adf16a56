import { jest } from '@jest/globals';

// Virtual minutes are real milliseconds, but seconds on a machine that is busy with something else.
jest.setTimeout(60_000);

/** Enough for the longest that a claim may take, with every poller probing. */
const MOST_TIMERS = 1_000_000;

/**
 * Does `work` on a clock that jumps from timer to timer, and settles as it does. Every part that reads `performance.now`
 * or sets timers sees that clock, so that a stability check of twelve seconds costs milliseconds.
 * @throws Error when nothing is left that could settle the work, or after `limitMs` of the virtual clock
 */
export async function inVirtualTime<T>(work: () => Promise<T>, limitMs = 1_000_000): Promise<T> {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'Date'] });
  try {
    const end = performance.now() + limitMs;
    let isOver = false;
    const result = work().finally(() => {
      isOver = true;
    });
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    for (let timers = 0; timers < MOST_TIMERS && performance.now() < end; timers += 1) {
      await Promise.race([settled, macrotask()]);
      if (isOver) return await result;
      if (jest.getTimerCount() === 0) throw new Error('the work waits for something that no timer will bring');
      jest.advanceTimersToNextTimer();
    }
    throw new Error(`the work was not over after ${performance.now()} ms of the virtual clock`);
  } finally {
    jest.useRealTimers();
  }
}

/** Waits `ms` of the virtual clock. */
export function lapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
