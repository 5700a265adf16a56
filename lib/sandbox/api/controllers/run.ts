/** Starts the controllers, and creates the objects of a fresh cluster. */
import { cpus, totalmem } from 'node:os';
import type { Kubelet } from '../../contract.ts';
import { hostAddress, nodeName, version } from '../identity.ts';
import type { Core } from '../objects/core.ts';
import { create } from '../objects/write.ts';
import { runAccountTokens } from './account-tokens.ts';
import { runDeployments } from './deployments.ts';
import { runGarbage } from './garbage.ts';
import { runNamespaces } from './namespaces.ts';
import { runPods } from './pods.ts';

/**
 * Starts everything that acts on objects by itself, and creates the objects of a fresh cluster.
 * @param authority - the certificate (PEM) by which clients know the API server
 */
export function runControllers(core: Core, kubelet: Kubelet, authority: string): void {
  // First, so that a new kind is served before anybody else hears of its definition.
  runDefinitions(core);
  runGarbage(core);
  runNamespaces(core, authority);
  runAccountTokens(core, authority);
  runDeployments(core);
  runPods(core, kubelet);
  setUpCluster(core);
}

/** Serves the kinds of custom resource definitions. A definition takes its objects with it. */
function runDefinitions({ store, registry }: Core): void {
  store.subscribe('customresourcedefinitions.apiextensions.k8s.io', ({ type, object: definition, previous }) => {
    // A definition has the name under which the store has its objects.
    const { name, generation } = definition.metadata;
    if (type === 'DELETED') {
      for (const object of store.list(name)) store.remove(name, object.metadata.namespace ?? '', object.metadata.name);
      registry.forget(name);
    } else if (generation !== previous?.metadata.generation) registry.define(definition);
  });
}

function setUpCluster(core: Core): void {
  const make = (storage: string, namespace: string, name: string, body: object = {}): void => {
    create(core, core.registry.builtin(storage), namespace, { metadata: { name }, ...body });
  };
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) make('namespaces', '', name);
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
  return {
    spec: { podCIDR: '10.244.0.0/16' },
    status: {
      capacity,
      allocatable: capacity,
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
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
