export { isSandboxVersion } from './api/identity.ts';
export { type DriverChange, type DriverFile, timeLimits } from './faults/driver-changes.ts';
export { type FaultPeriod, faultPeriodIn } from './faults/environment.ts';
export { type Case, cases, faultNames } from './faults/index.ts';
export { missingForSandbox } from './needs.ts';
export { startSandbox } from './start.ts';
