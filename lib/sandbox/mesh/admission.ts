import type { AdmissionRequest, Manifest, ObjectView } from '../contract.ts';
import { TRANSPARENT_PROXY } from '../node/pod-spec.ts';
import { wantsSidecar } from './enrolment.ts';
import { MESH_CONFIG } from './state.ts';

export const SIDECAR_NAME = 'sidecar';
const SIDECAR_IMAGE = 'meshproof/reference-sidecar:v1';

/**
 * What the mesh's webhooks do: adds the sidecar to new pods of enrolled namespaces, and refuses policies that it would not
 * follow.
 *
 * @param view - the API server's objects; asked for only about pods that need a sidecar
 * @param isControllerRunning - false while the control plane is down: then no pod is admitted that would need a sidecar
 * @throws Error to deny; its message is the user's
 */
export function admitToMesh(
  { operation, object, namespace }: AdmissionRequest,
  view: () => ObjectView,
  isControllerRunning: boolean,
): Manifest {
  if (object.kind === 'TrafficTarget') refuseStrayTarget(object);
  if (operation !== 'CREATE' || object.kind !== 'Pod' || !wantsSidecar(object, namespace)) return object;
  const [config] = view().list(MESH_CONFIG);
  if (config === undefined) return object;
  if (!isControllerRunning) {
    throw new Error('failed calling webhook "sidecar-injection.reference": no endpoints available for service');
  }
  return withSidecar(object, config);
}

function refuseStrayTarget({ metadata, ...fields }: Manifest): void {
  const { destination } = (fields['spec'] ?? {}) as { destination?: { namespace?: string } };
  const wanted = destination?.namespace;
  if (wanted === undefined || wanted === metadata.namespace) return;
  throw new Error(
    `a TrafficTarget must stand in its destination's namespace: "${metadata.namespace}" is not "${wanted}"`,
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
