/** Creates the objects of a fresh cluster. */
import { cpus, totalmem } from 'node:os';
import { type Core, internally } from '../objects/core.ts';
import { create } from '../objects/create.ts';
import { version } from '../version.ts';
import { hostAddress, nodeName } from './pod-status.ts';
import { transitioned } from './shared.ts';

export function setUpCluster(core: Core): void {
  const make = (storage: string, namespace: string, name: string, body: object): void => {
    const resource = core.registry.builtin(storage);
    create(core, resource, namespace, { metadata: { name }, ...body }, internally);
  };
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) make('namespaces', '', name, {});
  make('nodes', '', nodeName, node());
  make('services', 'default', 'kubernetes', {
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, targetPort: 6443 }] },
  });
  make('clusterroles.rbac.authorization.k8s.io', '', 'cluster-admin', {
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  });
}

/** The machine, as the only node. */
function node(): object {
  const capacity = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '110' };
  const ready = { type: 'Ready', status: 'True' as const, reason: 'KubeletReady' };
  return {
    spec: { podCIDR: '10.244.0.0/16' },
    status: {
      capacity,
      allocatable: capacity,
      conditions: transitioned([ready], undefined),
      addresses: [
        { type: 'InternalIP', address: hostAddress },
        { type: 'Hostname', address: nodeName },
      ],
      nodeInfo: {
        osImage: 'meshproof sandbox',
        containerRuntimeVersion: 'sandbox://1',
        kubeletVersion: version,
        operatingSystem: 'linux',
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      },
    },
  };
}
