import type { KindRef, Manifest, ObjectView } from '../contract.ts';
import { declaredPorts, portNumber, TRANSPARENT_PROXY } from '../node/pod-spec.ts';
import { podAddress, readyEndpoints, type ServicePort, serviceSpec } from '../node/services.ts';
import { type Destination, type Endpoint, type Protocol, principalOf } from './sidecar-config.ts';

/** What the controller decides by: the cluster's objects at one moment, in the mesh's own terms. */
export interface MeshState {
  permissive: boolean;
  egress: boolean;
  services: MeshService[];
  /** Everything in the cluster that an application can try to reach. */
  destinations: Destination[];
  targets: TrafficTarget[];
  tcpRoutes: TcpRoute[];
  httpRouteGroups: HttpRouteGroup[];
}

/** A port of a Service whose namespace is enrolled. Of a headless Service: the port of one of its pods. */
export interface MeshService extends Destination, Named {
  protocol: Protocol;
  endpoints: Endpoint[];
}

/** A workload with a sidecar. */
export interface Workload {
  podAddress: string;
  principal: string;
  ports: { port: number; protocol: Protocol }[];
  /** How often its sidecar has started again. */
  restarts: number;
}

interface Named {
  namespace: string;
  name: string;
}

export interface TrafficTarget extends Named {
  destination: { principal: string; port?: number };
  sources: string[];
  rules: { kind: string; name: string; matches?: string[] }[];
}

export interface TcpRoute extends Named {
  /** Absent or empty: every port. */
  ports?: number[];
}

export interface HttpRouteGroup extends Named {
  matches: HttpMatch[];
}

export interface HttpMatch {
  name?: string;
  pathRegex?: string;
  methods?: string[];
  /** A map, or a list of maps as in OSM's CRD. */
  headers?: Record<string, string> | Record<string, string>[];
}

export const MESH_CONFIG = { apiVersion: 'config.openservicemesh.io/v1alpha2', kind: 'MeshConfig' };
/** Each kind in all versions that the mesh understands. A cluster serves one of them. */
export const TRAFFIC_TARGETS = versionsOf('access.smi-spec.io', 'TrafficTarget', ['v1alpha3', 'v1alpha2']);
export const TCP_ROUTES = versionsOf('specs.smi-spec.io', 'TCPRoute', ['v1alpha4', 'v1alpha3']);
export const HTTP_ROUTE_GROUPS = versionsOf('specs.smi-spec.io', 'HTTPRouteGroup', ['v1alpha4', 'v1alpha3']);
export const CORE_KINDS = ['Pod', 'Service', 'Namespace'].map((kind) => ({ apiVersion: 'v1', kind }));

const HTTP_NAME = /^http(-|$)/;
const MONITORED_BY = 'openservicemesh.io/monitored-by';
const INJECTION = 'openservicemesh.io/sidecar-injection';
const MESH_NAME = 'reference';

/** Reads the state. Without objects, both modes are off and there are no policies. */
export function readState(view: ObjectView): MeshState {
  const traffic = trafficSettings(view);
  const services = view.list({ apiVersion: 'v1', kind: 'Service' });
  const ports = services.flatMap((service) =>
    (serviceSpec(service).ports ?? []).map((port) => ({
      service,
      port,
      address: serviceSpec(service).clusterIP ?? '',
    })),
  );
  const addressed = ports.filter(({ address }) => address !== '' && address !== 'None');
  return {
    permissive: traffic.enablePermissiveTrafficPolicyMode === true,
    egress: traffic.enableEgress === true,
    services: ports
      .filter(({ service }) => isEnrolled(namespaceOf(view, service)))
      .flatMap(({ service, port, address }) => {
        const common = { ...nameOf(service), protocol: protocolOf(port) };
        const endpoints = endpointsOf(service, port, view);
        if (address !== 'None') return address === '' ? [] : [{ ...common, address, port: port.port, endpoints }];
        return endpoints.map((endpoint) => ({
          ...common,
          address: endpoint.address,
          port: endpoint.port,
          endpoints: [endpoint],
        }));
      }),
    destinations: [
      ...addressed.map(({ address, port }) => ({ address, port: port.port })),
      ...view.list({ apiVersion: 'v1', kind: 'Pod' }).flatMap((pod) => openPorts(pod, services)),
    ],
    targets: TRAFFIC_TARGETS.flatMap((kind) => view.list(kind)).map(readTarget),
    tcpRoutes: TCP_ROUTES.flatMap((kind) => view.list(kind)).map(readTcpRoute),
    httpRouteGroups: HTTP_ROUTE_GROUPS.flatMap((kind) => view.list(kind)).map(readHttpRouteGroup),
  };
}

function versionsOf(group: string, kind: string, versions: string[]): KindRef[] {
  return versions.map((version) => ({ apiVersion: `${group}/${version}`, kind }));
}

/** The workload of a pod, with the ports of the Services that select it. Undefined while the pod has no address. */
export function readWorkload(pod: Manifest, view: ObjectView): Workload | undefined {
  const address = podAddress(pod);
  if (address === undefined) return undefined;
  const services = view.list({ apiVersion: 'v1', kind: 'Service' }, pod.metadata.namespace);
  const ports = selecting(pod, services).flatMap((service) =>
    (serviceSpec(service).ports ?? []).flatMap((port) => {
      const number = portNumber(pod, port.targetPort ?? port.port);
      return number === undefined ? [] : [{ port: number, protocol: protocolOf(port) }];
    }),
  );
  return { podAddress: address, principal: principalOfPod(pod), ports, restarts: restartsOf(pod) };
}

function endpointsOf(service: Manifest, port: ServicePort, view: ObjectView): Endpoint[] {
  return readyEndpoints(service, port, view).map(({ address, port, pod }) => ({
    address,
    port,
    principal: principalOfPod(pod),
  }));
}

/** How often the sidecar of a pod has started again, by the pod's status. */
function restartsOf(pod: Manifest): number {
  const { initContainerStatuses = [], containerStatuses = [] } = (pod['status'] ?? {}) as Partial<
    Record<'initContainerStatuses' | 'containerStatuses', { name: string; restartCount: number }[]>
  >;
  const name = pod.metadata.annotations?.[TRANSPARENT_PROXY];
  return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name)?.restartCount ?? 0;
}

function trafficSettings(view: ObjectView): Record<string, unknown> {
  const [config] = view.list(MESH_CONFIG);
  const spec = (config?.['spec'] ?? {}) as { traffic?: Record<string, unknown> };
  return spec.traffic ?? {};
}

function namespaceOf(view: ObjectView, object: Manifest): Manifest | undefined {
  return view.get({ apiVersion: 'v1', kind: 'Namespace', name: object.metadata.namespace ?? 'default' });
}

/** The identity that a pod's ServiceAccount gives it. */
export function principalOfPod(pod: Manifest): string {
  const { serviceAccountName = 'default' } = pod['spec'] as { serviceAccountName?: string };
  return principalOf(pod.metadata.namespace ?? 'default', serviceAccountName);
}

function protocolOf({ appProtocol, name = '' }: ServicePort): Protocol {
  if (appProtocol !== undefined) return appProtocol === 'http' ? 'http' : 'tcp';
  return HTTP_NAME.test(name) ? 'http' : 'tcp';
}

function selecting(pod: Manifest, services: Manifest[]): Manifest[] {
  return services.filter((service) => {
    const wanted = Object.entries(serviceSpec(service).selector ?? {});
    const isNear = service.metadata.namespace === pod.metadata.namespace;
    return isNear && wanted.length > 0 && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value);
  });
}

function openPorts(pod: Manifest, services: Manifest[]): Destination[] {
  const address = podAddress(pod);
  if (address === undefined) return [];
  const declared = declaredPorts(pod).map(({ containerPort }) => containerPort);
  const targeted = selecting(pod, services).flatMap((service) =>
    (serviceSpec(service).ports ?? []).map((port) => portNumber(pod, port.targetPort ?? port.port)),
  );
  return [...new Set([...declared, ...targeted])].flatMap((port) => (port === undefined ? [] : [{ address, port }]));
}

function readTarget(object: Manifest): TrafficTarget {
  const spec = object['spec'] as {
    destination: { name: string; namespace?: string; port?: number };
    sources: { name: string; namespace?: string }[];
    rules?: TrafficTarget['rules'];
  };
  const { destination } = spec;
  const named = nameOf(object);
  return {
    ...named,
    destination: {
      principal: principalOf(destination.namespace ?? named.namespace, destination.name),
      ...(destination.port === undefined ? {} : { port: destination.port }),
    },
    sources: spec.sources.map((source) => principalOf(source.namespace ?? named.namespace, source.name)),
    rules: spec.rules ?? [],
  };
}

function readTcpRoute(object: Manifest): TcpRoute {
  const spec = (object['spec'] ?? {}) as { matches?: { ports?: number[] } };
  const ports = spec.matches?.ports;
  return { ...nameOf(object), ...(ports === undefined ? {} : { ports }) };
}

function readHttpRouteGroup(object: Manifest): HttpRouteGroup {
  const spec = (object['spec'] ?? {}) as { matches?: HttpMatch[] };
  return { ...nameOf(object), matches: spec.matches ?? [] };
}

function nameOf({ metadata }: Manifest): Named {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name };
}

/** True if the namespace belongs to the mesh. Its Services are inside, all others are outside. */
export function isEnrolled(namespace: Manifest | undefined): boolean {
  return namespace?.metadata.labels?.[MONITORED_BY] === MESH_NAME;
}

/** True if a new pod gets a sidecar: the pod's annotation decides, or else the namespace's. */
export function wantsSidecar(pod: Manifest, namespace: Manifest | undefined): boolean {
  const setting = pod.metadata.annotations?.[INJECTION] ?? namespace?.metadata.annotations?.[INJECTION];
  return isEnrolled(namespace) && ['enabled', 'yes', 'true'].includes(setting ?? '');
}
