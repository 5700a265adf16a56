import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

const WINDOW_MS = 500;
const CHECKS = 40;
/** Least share of idle time on an idle machine. */
const IDLE_SHARE = 0.95;

/**
 * Waits until the machine is idle, for 20 s at most: the kernel may still clean up after a run. @returns whether it is
 * idle
 */
export async function untilIdle(): Promise<boolean> {
  for (let look = 0; look < CHECKS; look += 1) {
    const before = times();
    await pause(WINDOW_MS);
    const after = times();
    if ((after.idle - before.idle) / (after.all - before.all) >= IDLE_SHARE) return true;
  }
  return false;
}

/** Of all cores together, ms. */
function times(): { idle: number; all: number } {
  const spent = cpus().map((core) => core.times);
  const idle = spent.reduce((sum, each) => sum + each.idle, 0);
  return {
    idle,
    all: spent.reduce((sum, { user, nice, sys, idle: rest, irq }) => sum + user + nice + sys + rest + irq, 0),
  };
}
