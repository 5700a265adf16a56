/** Starts the controllers, and creates the objects of a fresh cluster. */
import { cpus, totalmem } from 'node:os';
import type { Kubelet } from '../../contract.ts';
import type { Tokens } from '../access.ts';
import { type Core, internally } from '../objects/core.ts';
import { create } from '../objects/create.ts';
import { version } from '../version.ts';
import { runAccountTokens } from './account-tokens.ts';
import { runDefinitions } from './definitions.ts';
import { runDeployments } from './deployments.ts';
import { runEndpoints } from './endpoints.ts';
import { runGarbage } from './garbage.ts';
import { runNamespaces } from './namespaces.ts';
import { hostAddress, nodeName } from './pod-status.ts';
import { runPods } from './pods.ts';
import { runReplicaSets } from './replicasets.ts';
import { transitioned } from './shared.ts';

interface Dependencies {
  kubelet: Kubelet;
  tokens: Tokens;
  /** The certificate (PEM) by which clients know the API server. */
  authority: string;
}

/** Starts everything that acts on objects by itself, and creates the objects of a fresh cluster. */
export function runControllers(core: Core, { kubelet, tokens, authority }: Dependencies): void {
  // First, so that a new kind is served before anybody else hears of its definition.
  runDefinitions(core);
  runGarbage(core);
  runNamespaces(core, authority);
  runAccountTokens(core, tokens, authority);
  runReplicaSets(core);
  runDeployments(core);
  runPods(core, kubelet);
  runEndpoints(core);
  setUpCluster(core);
}

function setUpCluster(core: Core): void {
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
