/** What the reference mesh's controller tells a sidecar: everything that it decides by. */
export interface SidecarConfig {
  /** The application's address: connections to it are inbound, all others outbound. */
  podAddress: string;
  /** Destinations to which the application's connections are taken; to all others the kernel refuses them. */
  taken: Destination[];
  /** Destinations inside the mesh that this workload may reach. */
  routes: OutboundRoute[];
  /** Lets connections that match no route out as they are. */
  egress: boolean;
  inbound: InboundPort[];
  /** What it is to do wrong on purpose; see lib/sandbox/faults. */
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
  /** Who must answer there. */
  principal: string;
}

export interface InboundPort {
  port: number;
  protocol: Protocol;
  /** A connection or request is let in if one of the rules matches. */
  rules: InboundRule[];
}

export type Protocol = 'tcp' | 'http';

export interface InboundRule {
  /** Clients it lets in; absent: every client of the mesh. */
  principals?: string[];
  /** HTTP only: a request must match one of these; absent: every request. */
  requests?: RequestMatch[];
}

export interface RequestMatch {
  /** Anchored at the start of the path, the query left out. */
  pathRegex?: string;
  /** Absent or holding `*`: every method. */
  methods?: string[];
  /** Regular expressions by header; all must match. */
  headers?: Record<string, string>;
}

/** PEM texts with which a sidecar proves who it is. */
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
