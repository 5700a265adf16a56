export { chooseFixtures, type Schedule, schedule } from './schedule.ts';
export { checkSuite, selectClaims, skipOf } from './select.ts';
export type { SimulatedBatch } from './simulate.ts';
