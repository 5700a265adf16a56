import type { KindRef, Manifest, ObjectView } from '../contract.ts';
import { declaredPorts, portNumber } from '../node/pod-spec.ts';
import { podAddress, readyEndpoints, type ServicePort, serviceSpec } from '../node/services.ts';
import { isEnrolled } from './enrolment.ts';
import { principalOf } from './principal.ts';
import type { Destination, Endpoint, Protocol } from './sidecar-config.ts';

/** All that the reference mesh's controller decides by: the cluster's objects at one moment, in the mesh's own words. */
export interface MeshState {
  permissive: boolean;
  egress: boolean;
  services: MeshService[];
  /** What an application may try to reach in the cluster, in the mesh or not. */
  destinations: Destination[];
  targets: TrafficTarget[];
  tcpRoutes: TcpRoute[];
  httpRouteGroups: HttpRouteGroup[];
}

/** A port of a Service whose namespace is enrolled. */
export interface MeshService extends Destination {
  protocol: Protocol;
  endpoints: Endpoint[];
}

/** A workload with a sidecar. */
export interface Workload {
  podAddress: string;
  principal: string;
  ports: { port: number; protocol: Protocol }[];
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
  /** A map, or as OSM's CRD has it, a list of maps. */
  headers?: Record<string, string> | Record<string, string>[];
}

export const MESH_CONFIG = { apiVersion: 'config.openservicemesh.io/v1alpha2', kind: 'MeshConfig' };
/** Each in the versions that the mesh understands; a cluster serves one of them. */
export const TRAFFIC_TARGETS = versionsOf('access.smi-spec.io', 'TrafficTarget', ['v1alpha3', 'v1alpha2']);
export const TCP_ROUTES = versionsOf('specs.smi-spec.io', 'TCPRoute', ['v1alpha4', 'v1alpha3']);
export const HTTP_ROUTE_GROUPS = versionsOf('specs.smi-spec.io', 'HTTPRouteGroup', ['v1alpha4', 'v1alpha3']);
export const CORE_KINDS = ['Pod', 'Service', 'Namespace'].map((kind) => ({ apiVersion: 'v1', kind }));

const HTTP_NAME = /^http(-|$)/;

/** Reads the state; objects that do not exist yet leave both modes off and policies empty. */
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
    services: addressed
      .filter(({ service }) => isEnrolled(namespaceOf(view, service)))
      .map(({ service, port, address }) => ({
        address,
        port: port.port,
        protocol: protocolOf(port),
        endpoints: readyEndpoints(service, port, view).map((endpoint) => ({
          address: endpoint.address,
          port: endpoint.port,
          principal: principalOfPod(endpoint.pod),
        })),
      })),
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

/** A pod as its sidecar serves it: its ports are those of the Services that select it. Undefined while it has no address. */
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
  return { podAddress: address, principal: principalOfPod(pod), ports };
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
