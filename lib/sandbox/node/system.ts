import type { Manifest } from '../contract.ts';
import { DNS_ADDRESS } from './addresses.ts';

/** The cluster's name server, as a workload that can be looked at, scaled and stopped like any other. */
export function nameServer(): Manifest[] {
  const labels = { 'k8s-app': 'kube-dns' };
  const metadata = (name: string): Manifest['metadata'] => ({ name, namespace: 'kube-system', labels });
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('kube-dns'),
      spec: { clusterIP: DNS_ADDRESS, selector: labels, ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('coredns'),
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'coredns', image: 'coredns/coredns:v1.12.0' }] },
        },
      },
    },
  ];
}
