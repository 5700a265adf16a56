import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AdmissionRequest, Manifest } from '../contract.ts';
import type { InboundDecision, OutboundDecision } from '../mesh/policy.ts';
import type { InboundPort, SidecarConfig } from '../mesh/sidecar-config.ts';
import type { MeshState, Workload } from '../mesh/state.ts';
import type { DriverChange } from './driver-changes.ts';

/**
 * What the proof knows about one sandbox. A faulty mesh must be noticed by all claims in `caughtBy`. A conforming
 * variant passes every claim but those. While the environment fails, no claim may fail.
 */
export interface CaseFacts {
  /** The part of the mesh that differs, such as identity, ports or egress. */
  area: string;
  /** What the mesh or the cluster does, in one sentence. */
  description: string;
  /** Faulty mesh: each of these claims must fail. Conforming variant: they may fail. Full disk: one must fail first. */
  caughtBy: string[];
  /** More claims of the quick cell: they bring the fault out, or have to pass. */
  alongside?: string[];
  /** Why other faults are caught by the same claims, or why no claim can catch this one. */
  because?: string;
  /** Why claims that the case does not name may come out otherwise in the next run. `prove --alone` compares only the named. */
  varies?: string;
  /** Environment: why a claim may pass on what it sees while the environment fails. */
  trusted?: string;
  /** Environment: the run's folder gets a disk of this size, which fills up once a claim has failed. */
  diskKiB?: number;
  /** The fault of the sandbox, if its name is another one. */
  fault?: string;
  /** True if its author wrote it before reading the suites. */
  devised?: true;
  /** How the driver differs from the reference mesh's. */
  driver?: DriverChange;
  /** Settings of the mesh's installation, KEY=VALUE. */
  sets?: string[];
}

/** One deviation of the reference mesh, in its control plane, its sidecars, its driver or its settings. */
export interface MeshFault extends CaseFacts {
  control?(): ControlFault;
  data?(about: Sidecar): DataFault;
}

/** What the control plane does differently. An absent member changes nothing. */
export interface ControlFault {
  /**
   * The cluster's state as the control plane sees it. It runs before each update, so it may remember. `now` is in ms.
   */
  state?(state: MeshState, now: number): MeshState;
  /** The state from which the configuration of one sidecar is computed. */
  stateFor?(state: MeshState, workload: Workload): MeshState;
  /** The configuration that one sidecar gets. */
  sidecar?(config: SidecarConfig, state: MeshState, workload: Workload): SidecarConfig;
  /** Runs at each start of the control plane. `now` is in ms, by the clock of `state`. */
  started?(now: number): void;
  /** The request that the mesh's admission sees. */
  admission?(request: AdmissionRequest): AdmissionRequest;
  /** Changes an object after the mesh's own admission. */
  admit?(admitted: Manifest, request: AdmissionRequest): Manifest;
  /** The control plane computes the configurations again this long after each change, ms. */
  updateAgainAfterMs?: number;
  /** True once the control plane has stopped working. */
  isDead?(): boolean;
}

/** What a fault knows of its sidecar. */
export interface Sidecar {
  log(line: string): void;
  /** The latest configuration. */
  config(): SidecarConfig;
  /** The identity of its workload. */
  principal: string;
  /** A random number from 0 to 1. Each sidecar has its own seed. */
  random(): number;
}

/** What a sidecar does differently. An absent member changes nothing. */
export interface DataFault {
  /** Decides about a connection that the application opens. Undefined: the fault itself handles the connection. */
  outbound?(decision: OutboundDecision, client: Socket): OutboundDecision | undefined;
  /** Delays a connection that the application opens: it goes on once the fault calls `goOn`. */
  hold?(client: Socket, goOn: () => void): void;
  /** Wraps a connection to an external host: the application gets the bytes that come out of the wrapper. */
  wrapPassthrough?(connection: Duplex): Duplex;
  /** The identity that the sidecar believes, given the one in the client's certificate. */
  identify?(principal: string, inbound: InboundPort | undefined): string;
  /** Decides about a connection from a client of the mesh. */
  inbound?(decision: InboundDecision, port: number, principal: string): InboundDecision;
  /** Decides about an HTTP request from a client of the mesh. */
  request?(isAllowed: boolean, asked: IncomingMessage, principal: string, port: number): boolean;
  /** Decides about a connection without a certificate. @param from - the peer's address: the node's behind a Service */
  allowsPlaintext?(port: number, from: string): boolean;
  /** Ends a refused connection of the application. */
  refuse?(client: Socket): void;
  /** Answers a denied request. */
  deny?(asked: IncomingMessage, answer: ServerResponse): void;
  /** Answers an allowed request. True: the fault answers it, and the application does not see it. */
  serve?(asked: IncomingMessage, answer: ServerResponse, port: number): boolean;
  /** Wraps the connection to the application: the client gets the bytes that come out of the wrapper. */
  wrap?(application: Duplex): Duplex;
  /** A transform for the bodies of HTTP requests. */
  upload?(asked: IncomingMessage): Duplex;
  /** A transform for the bodies of HTTP answers. */
  body?(): Duplex;
  /** Runs after each new configuration. */
  configured?(config: SidecarConfig): void;
  /** The configuration that the sidecar uses once the control plane is gone. */
  disconnected?(config: SidecarConfig): SidecarConfig;
}

/** Why verdicts vary from run to run. */
export const VARIES = {
  chance: 'chance decides which claims it meets',
  changes: 'which claims it meets depends on all changes of the run',
} as const;

/** Gives all faults of a table the same area. A fault may name its own. */
export function inArea(
  area: string,
  faults: Record<string, Omit<MeshFault, 'area'> & { area?: string }>,
): Record<string, MeshFault> {
  return Object.fromEntries(Object.entries(faults).map(([name, fault]) => [name, { area, ...fault }]));
}

/** Gives faults that no claim notices yet a reason for that. */
export function awaitingClaims<Fault extends { caughtBy: string[] }>(
  faults: Record<string, Fault>,
): Record<string, Fault> {
  const withReason = (fault: Fault): Fault =>
    fault.caughtBy.length > 0 ? fault : { because: 'no claim tests this yet', ...fault };
  return Object.fromEntries(Object.entries(faults).map(([name, fault]) => [name, withReason(fault)]));
}

/** The control plane sees another state. @param begin - called once; answers the change, which may remember */
export function changing(begin: () => NonNullable<ControlFault['state']>): Pick<MeshFault, 'control'> {
  return { control: () => ({ state: begin() }) };
}

/** The control plane uses another state for some sidecars. @param begin - called once; answers the change */
export function changingFor(begin: () => NonNullable<ControlFault['stateFor']>): Pick<MeshFault, 'control'> {
  return { control: () => ({ stateFor: begin() }) };
}
