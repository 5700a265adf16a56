export {
  type Admission,
  type ClientActor,
  clientActor,
  type Place,
  type Policy,
  policyFor,
  type ServerActor,
  serverActor,
} from './actors.ts';
export { ask } from './asker.ts';
export { Changes } from './changes.ts';
export { conductor, SOCKET_VARIABLE } from './client.ts';
export type { DeclaredClaim, ModeState } from './declare.ts';
export { Engine } from './engine.ts';
export { Lanes } from './lanes.ts';
export { Modes } from './modes.ts';
export { Monitors } from './monitors.ts';
export type { EngineParts } from './parts.ts';
export type { PlannedClaim } from './planned.ts';
export type { Handlers } from './protocol.ts';
export {
  type ClaimBody,
  type ClaimDeclaration,
  declareClaim,
  type RegisteredClaim,
  registeredClaims,
} from './registry.ts';
export { type OutsideHost, type RouteSpec, Routes } from './routes.ts';
export { runClaim } from './run-in-jest.ts';
export { type Call, type Footprint, footprintOf, scriptOf } from './script.ts';
export { type ClaimServer, serveClaims } from './server.ts';
export { TIMING } from './timing.ts';
export { Vigils } from './vigils.ts';
export { Watches } from './watches.ts';
export { World } from './world.ts';
