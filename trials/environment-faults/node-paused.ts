import { setTimeout as pause } from 'node:timers/promises';
import { untilAllReady } from '../lib/pods.ts';
import { lines, output } from '../lib/tool.ts';
import type { EnvironmentFault } from './fault.ts';

const PAUSED_MS = 20_000;

/** Every process of the node is paused for 20 s. */
export const nodePaused: EnvironmentFault = {
  name: 'node-paused',
  async carryOut({ cluster, name, controlPlane }) {
    const nodes = await lines('kind', ['get', 'nodes', '--name', name]);
    const namespaces = (await cluster.list({ apiVersion: 'v1', kind: 'Namespace' })).map(
      ({ metadata }) => metadata.name,
    );
    const inUse = namespaces.filter((each) => !each.startsWith('kube-'));
    if (!inUse.includes(controlPlane.namespace)) throw new Error(`there is no namespace ${controlPlane.namespace}`);
    const from = Date.now();
    try {
      await output('docker', ['pause', ...nodes]);
      await pause(PAUSED_MS);
    } finally {
      await output('docker', ['unpause', ...nodes]);
    }
    await cluster.version();
    await untilAllReady(cluster, inUse);
    return { from, to: Date.now() };
  },
};
