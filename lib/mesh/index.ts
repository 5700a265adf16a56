export { checkDriver } from './check.ts';
export type { Driver, DriverSpec } from './driver.ts';
export { DriverError } from './error.ts';
export { declares, driverImages, driverTitle, driverTools } from './facts.ts';
export { type Feature, features } from './features.ts';
export { listDrivers, loadDriver } from './load.ts';
export * from './mesh.ts';
export { openMesh } from './open.ts';
export { redact } from './redact.ts';
