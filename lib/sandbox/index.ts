export { isSandboxVersion } from './api/version.ts';
export { environmentFaultNames, type FaultName, faultNames, meshFaultNames } from './faults/names.ts';
export { type MissingNeed, missingNeeds } from './needs.ts';
export type { SandboxSettings } from './settings.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './start.ts';
