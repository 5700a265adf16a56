import type { AdmissionRequest, Manifest, ObjectView } from '../contract.ts';
import { TRANSPARENT_PROXY } from '../node/pod-spec.ts';
import { MESH_CONFIG, wantsSidecar } from './state.ts';

export const SIDECAR_NAME = 'sidecar';
const SIDECAR_IMAGE = 'meshproof/reference-sidecar:v1';

/**
 * Does what the mesh's webhooks would do: adds the sidecar to new pods of enrolled namespaces, and denies policies that the
 * mesh would not follow.
 *
 * @param view - called only for pods that need a sidecar
 * @param isControllerRunning - without a control plane, no pod that needs a sidecar is admitted
 * @throws Error to deny, with a message for the user
 */
export function admitToMesh(
  { operation, object, namespace }: AdmissionRequest,
  view: () => ObjectView,
  isControllerRunning: boolean,
): Manifest {
  if (object.kind === 'TrafficTarget') requireOwnNamespace(object);
  if (operation !== 'CREATE' || object.kind !== 'Pod' || !wantsSidecar(object, namespace)) return object;
  const [config] = view().list(MESH_CONFIG);
  if (config === undefined) return object;
  if (!isControllerRunning) {
    throw new Error('failed calling webhook "sidecar-injection.reference": no endpoints available for service');
  }
  return withSidecar(object, config);
}

function requireOwnNamespace({ metadata, ...fields }: Manifest): void {
  const { destination } = (fields['spec'] ?? {}) as { destination?: { namespace?: string } };
  const wanted = destination?.namespace;
  if (wanted === undefined || wanted === metadata.namespace) return;
  throw new Error(
    `a TrafficTarget must be in the namespace of its destination: "${metadata.namespace}" is not "${wanted}"`,
  );
}

function withSidecar(pod: Manifest, config: Manifest): Manifest {
  const { sidecar = {} } = (config['spec'] ?? {}) as { sidecar?: { envoyImage?: string } };
  const spec = pod['spec'] as { containers: object[] };
  const container = {
    name: SIDECAR_NAME,
    image: sidecar.envoyImage || SIDECAR_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    env: [{ name: 'POD_UID', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.uid' } } }],
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  };
  const annotations = { ...pod.metadata.annotations, [TRANSPARENT_PROXY]: SIDECAR_NAME };
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { ...spec, containers: [...spec.containers, container] },
  };
}
