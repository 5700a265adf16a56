export { requiredClientsOf } from './required-clients.ts';
export { type Schedule, schedule } from './schedule.ts';
export { checkSuite, type Selection, selectClaims } from './select.ts';
export type { Scripted, SimulatedBatch } from './simulate.ts';
export { type Exemption, exemptionOf } from './skip.ts';
