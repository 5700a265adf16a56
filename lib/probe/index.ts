export { Agent } from './agent.ts';
export { OpenConnection } from './connection.ts';
export { type NonceMaker, nonceMaker } from './nonce.ts';
export { ANSWERS } from './outcome.ts';
export { type Identity, type Observation, Prober, type ProberDependencies, type Purpose } from './prober.ts';
export { type Manner, type Protocol, type Route, routeName } from './route.ts';
export { ServerLog } from './server-log.ts';
export { PROBE_TIMING } from './timing.ts';
