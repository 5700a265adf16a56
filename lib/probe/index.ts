export { Agent } from './agent.ts';
export { commandFor, PROBE_LIMIT_S } from './commands.ts';
export { Linger } from './linger.ts';
export { type Loop, loop } from './loop.ts';
export { type Check, Monitor } from './monitor.ts';
export { nonceSource } from './nonce.ts';
export { type Observation, Prober, type Purpose } from './prober.ts';
export { type Manner, type Protocol, type Route, routeName } from './route.ts';
export { ServerLog } from './server-log.ts';
