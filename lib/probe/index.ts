export { Agent } from './agent.ts';
export { commandFor, PROBE_LIMIT_S } from './commands.ts';
export { type Check, ControlPoller } from './control-poller.ts';
export { Linger } from './linger.ts';
export { nonceSource } from './nonce.ts';
export { type PollLoop, pollLoop } from './poll-loop.ts';
export { type Observation, Prober, type Purpose } from './prober.ts';
export { type Manner, type Protocol, type Route, routeName } from './route.ts';
export { ServerLog } from './server-log.ts';
