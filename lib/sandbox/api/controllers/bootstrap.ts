/** What a fresh cluster has. */
import { cpus, release, totalmem } from 'node:os';
import { type Core, create, internally, now } from '../objects/index.ts';
import { version } from '../version.ts';
import { hostAddress } from './pod-status.ts';
import { nodeName } from './pods.ts';

export function setUpCluster(core: Core): void {
  const make = (storage: string, namespace: string, body: Record<string, unknown>): void => {
    create(core, core.registry.builtin(storage), namespace, body, internally);
  };
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    make('namespaces', '', { metadata: { name } });
  make('nodes', '', node());
  make('services', 'default', {
    metadata: { name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, targetPort: 6443 }] },
  });
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
  const role = (name: string, rules: unknown[]): void =>
    make('clusterroles.rbac.authorization.k8s.io', '', { metadata: { name }, rules });
  const bind = (roleName: string, group: string): void =>
    make('clusterrolebindings.rbac.authorization.k8s.io', '', {
      metadata: { name: roleName },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
      subjects: [{ kind: 'Group', name: group }],
    });
  role('cluster-admin', [everything, { nonResourceURLs: ['*'], verbs: ['*'] }]);
  bind('cluster-admin', 'system:masters');
  role('system:basic-user', [
    { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'], verbs: ['create'] },
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ]);
  bind('system:basic-user', 'system:authenticated');
  const paths = [
    '/api',
    '/api/*',
    '/apis',
    '/apis/*',
    '/openapi',
    '/openapi/*',
    '/version',
    '/healthz',
    '/livez',
    '/readyz',
  ];
  role('system:discovery', [{ nonResourceURLs: paths, verbs: ['get'] }]);
  bind('system:discovery', 'system:authenticated');
  role('system:public-info-viewer', [
    { nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version'], verbs: ['get'] },
  ]);
  bind('system:public-info-viewer', 'system:unauthenticated');
}

/** The machine as the one node, ready for good: it ends with the sandbox. */
function node(): Record<string, unknown> {
  const capacity = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '110' };
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'the sandbox runs pods as network namespaces',
    lastHeartbeatTime: now(),
    lastTransitionTime: now(),
  };
  return {
    metadata: {
      name: nodeName,
      labels: {
        'kubernetes.io/hostname': nodeName,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
        'node-role.kubernetes.io/control-plane': '',
      },
    },
    spec: { podCIDR: '10.244.0.0/16', podCIDRs: ['10.244.0.0/16'] },
    status: {
      capacity,
      allocatable: capacity,
      conditions: [ready],
      addresses: [
        { type: 'InternalIP', address: hostAddress },
        { type: 'Hostname', address: nodeName },
      ],
      nodeInfo: {
        machineID: '',
        systemUUID: '',
        bootID: '',
        osImage: 'meshproof sandbox',
        kernelVersion: release(),
        containerRuntimeVersion: 'sandbox://1',
        kubeletVersion: version,
        kubeProxyVersion: version,
        operatingSystem: 'linux',
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      },
    },
  };
}
