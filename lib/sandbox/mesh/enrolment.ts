import type { Manifest } from '../contract.ts';

const MONITORED_BY = 'openservicemesh.io/monitored-by';
const INJECTION = 'openservicemesh.io/sidecar-injection';
const MESH_NAME = 'reference';

/** Whether a namespace belongs to the mesh: its Services are inside, all others are outside. */
export function isEnrolled(namespace: Manifest | undefined): boolean {
  return namespace?.metadata.labels?.[MONITORED_BY] === MESH_NAME;
}

/** Whether a new pod gets a sidecar: its namespace is enrolled and asks for it, and the pod does not object. */
export function wantsSidecar(pod: Manifest, namespace: Manifest | undefined): boolean {
  const wish = pod.metadata.annotations?.[INJECTION] ?? namespace?.metadata.annotations?.[INJECTION];
  return isEnrolled(namespace) && (wish === 'enabled' || wish === 'yes' || wish === 'true');
}
