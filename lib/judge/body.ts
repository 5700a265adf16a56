/**
 * What the process in which claims' bodies run needs of this folder: nothing of what judges, so that it is there soon. Whoever
 * judges comes in by index.ts.
 */
export { type AllowRule, clientActor, type Policy, policyFor, serverActor } from './actors.ts';
export { ask } from './asker.ts';
export { runner } from './client.ts';
export { declareClaim, registeredClaims } from './registry.ts';
export type { RouteSpec } from './routes.ts';
export { runClaim } from './run-in-jest.ts';
