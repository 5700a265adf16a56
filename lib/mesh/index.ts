export { renderedDriver } from './checks/placeholders.ts';
export type { Driver, DriverSpec } from './driver.ts';
export { MeshError } from './errors.ts';
export { declares, driverImages, driverTitle, driverTools, features, fitsSandbox, unusedSets } from './facts.ts';
export { inspectDriver, listDrivers, listUnverified, loadDriver } from './load.ts';
export * from './mesh.ts';
export { switchedValue, valueAt } from './objects.ts';
export { openMesh } from './open.ts';
export { fieldDescription } from './schema-fields.ts';
