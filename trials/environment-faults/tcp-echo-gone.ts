import { setTimeout as pause } from 'node:timers/promises';
import { replicasOf, scale, untilPods } from '../lib/pods.ts';
import type { EnvironmentFault } from './fault.ts';

const TCP_ECHO = { namespace: 'tcp-demo', name: 'tcp-echo' };
const GONE_MS = 5_000;

/** tcp-echo is scaled to zero, and back. */
export const tcpEchoGone: EnvironmentFault = {
  name: 'tcp-echo-gone',
  async carryOut({ cluster }) {
    const replicas = await replicasOf(cluster, TCP_ECHO);
    try {
      await scale(cluster, TCP_ECHO, 0);
      await untilPods(cluster, TCP_ECHO, 0);
      const from = Date.now();
      await pause(GONE_MS);
      await scale(cluster, TCP_ECHO, replicas);
      await untilPods(cluster, TCP_ECHO, replicas);
      return { from, to: Date.now() };
    } finally {
      await scale(cluster, TCP_ECHO, replicas);
    }
  },
};
