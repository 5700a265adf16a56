import { setTimeout as pause } from 'node:timers/promises';
import type { EnvironmentFault } from './fault.ts';

const STALL_MS = 12_000;

/** Connections to the API server stay open but transfer nothing for a while. Then all of them break. */
export const execStall: EnvironmentFault = {
  name: 'exec-stall',
  relayed: true,
  async carryOut({ relay }) {
    const from = Date.now();
    relay?.stall();
    await pause(STALL_MS);
    relay?.cut();
    relay?.resume();
    return { from, to: Date.now() };
  },
};
