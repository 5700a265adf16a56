import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AdmissionRequest, Manifest } from '../contract.ts';
import type { InboundDecision, OutboundDecision } from '../mesh/decide.ts';
import type { InboundPort, SidecarConfig } from '../mesh/sidecar-config.ts';
import type { MeshState, Workload } from '../mesh/state.ts';

/** One deviation of the reference mesh from what it should do, in its control plane, its sidecars, or both. */
export interface Fault {
  control?(): ControlFault;
  data?(about: Sidecar): DataFault;
}

/** What the control plane does differently. Each member that is absent leaves things as they are. */
export interface ControlFault {
  /** What it takes for the cluster's state; called at every telling, so that it may remember. `now` in ms of any clock. */
  state?(state: MeshState, now: number): MeshState;
  /** What it takes for the state when it works out what one sidecar is told. */
  stateFor?(state: MeshState, workload: Workload): MeshState;
  /** What one sidecar is told in the end. */
  sidecar?(config: SidecarConfig, state: MeshState, workload: Workload): SidecarConfig;
  /** What becomes of an object after the mesh's own admission. */
  admit?(admitted: Manifest, request: AdmissionRequest): Manifest;
  /** How long after the telling of each change it tells again, ms. */
  againAfterMs?: number;
  /** True once it has stopped working. */
  isDead?(): boolean;
}

/** A sidecar, as its faults know it. */
export interface Sidecar {
  say(line: string): void;
  /** What it was told last. */
  config(): SidecarConfig;
  /** A number from 0 to 1, drawn from a seed of the sidecar's own. */
  draw(): number;
}

/** What a sidecar does differently. */
export interface DataFault {
  /** What is done about a connection that the application opens; undefined: the fault has taken it over. */
  outbound?(decision: OutboundDecision, client: Socket): OutboundDecision | undefined;
  /** For whom a client of the mesh is taken, by its certificate. */
  identify?(principal: string, inbound: InboundPort | undefined): string;
  /** What is done about a connection of a client of the mesh. */
  inbound?(decision: InboundDecision, port: number, principal: string): InboundDecision;
  /** Whether a request of a client of the mesh is let in. */
  request?(isAllowed: boolean, asked: IncomingMessage, principal: string, port: number): boolean;
  /** Whether a connection that shows no certificate is let in. */
  admitsPlain?(port: number): boolean;
  /** Ends a connection of the application that is refused. */
  refuse?(client: Socket): void;
  /** Answers a request that is denied. */
  deny?(asked: IncomingMessage, answer: ServerResponse): void;
  /** Answers a request that is allowed; true where the fault has taken it over. */
  serve?(asked: IncomingMessage, answer: ServerResponse, port: number): boolean;
  /** Stands between the application and its client; bytes come out of it as the client gets them. */
  wrap?(application: Duplex): Duplex;
  /** Stands between the two in HTTP answers' bodies. */
  body?(): Duplex;
  /** The controller has told something. */
  told?(config: SidecarConfig): void;
  /** What it goes by when the controller is gone. */
  abandoned?(config: SidecarConfig): SidecarConfig;
}
