import { setTimeout as pause } from 'node:timers/promises';
import type { EnvironmentFault } from './fault.ts';

const CUTS = 3;
const BETWEEN_MS = 400;

/** All connections to the API server break, also those of exec sessions. New ones work at once. */
export const execCut: EnvironmentFault = {
  name: 'exec-cut',
  relayed: true,
  async carryOut({ relay }) {
    const from = Date.now();
    for (let cut = 1; cut <= CUTS; cut += 1) {
      relay?.cut();
      if (cut < CUTS) await pause(BETWEEN_MS);
    }
    return { from, to: Date.now() };
  },
};
