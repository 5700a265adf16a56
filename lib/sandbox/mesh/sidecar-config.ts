/** What the controller sends to a sidecar: everything that the sidecar decides by. */
export interface SidecarConfig {
  /** The application's address. Connections to it are inbound, all others are outbound. */
  podAddress: string;
  /** Destinations that the sidecar listens for. The kernel refuses the application's connections to all others. */
  taken: Destination[];
  /** Destinations inside the mesh that this workload may reach. */
  routes: OutboundRoute[];
  /** Passes on connections that match no route. */
  egress: boolean;
  inbound: InboundPort[];
  /** Name of its fault; see lib/sandbox/faults. */
  fault?: string;
}

export interface Destination {
  address: string;
  port: number;
}

/** A Service of the mesh. */
export interface OutboundRoute extends Destination {
  endpoints: Endpoint[];
}

export interface Endpoint extends Destination {
  /** The identity that must answer there. */
  principal: string;
}

export interface InboundPort {
  port: number;
  protocol: Protocol;
  /** One of them must match, or the connection or request is refused. */
  rules: InboundRule[];
}

export type Protocol = 'tcp' | 'http';

export interface InboundRule {
  /** The clients that it lets in. Absent: every client of the mesh. */
  principals?: string[];
  /** HTTP only: one of them must match. Absent: every request. */
  requests?: RequestMatch[];
}

export interface RequestMatch {
  /** Matches at the start of the path, without the query. */
  pathRegex?: string;
  /** Absent or holding `*`: every method. */
  methods?: string[];
  /** Regular expressions by header. All must match. */
  headers?: Record<string, string>;
}

/** PEM texts that prove the sidecar's identity. */
export interface Credentials {
  certificate: string;
  key: string;
  authority: string;
}

/** One line of JSON on the sidecar's connection to the controller. */
export interface ControllerMessage {
  credentials: Credentials;
  config: SidecarConfig;
}

/** The first line on that connection. */
export interface SidecarHello {
  podUid: string;
}

const TRUST_DOMAIN = 'spiffe://cluster.local';

/** The identity of a workload: its ServiceAccount with the namespace. */
export function principalOf(namespace: string, serviceAccount: string): string {
  return `${TRUST_DOMAIN}/ns/${namespace}/sa/${serviceAccount}`;
}

/** The identity in a certificate's subject alternative names, as `node:tls` prints them. */
export function principalIn(subjectAltName: string | undefined): string | undefined {
  return subjectAltName
    ?.split(', ')
    .filter((name) => name.startsWith(`URI:${TRUST_DOMAIN}/`))
    .map((name) => name.slice('URI:'.length))[0];
}
