export { type CleanUpReport, cleanUpCrashedRuns, cleanUpRuns, forgetSpent } from './clean-up.ts';
export { engineVariables } from './engine.ts';
export type { RunEntry } from './entry.ts';
export { forgetRun } from './forget.ts';
export { deletion, kindClusterNames } from './leftover-containers.ts';
export { openRunRegistry, type RunRegistry } from './registry.ts';
export {
  deadRuns,
  type KeptCluster,
  keptClusters,
  type RunState,
  runStateOf,
} from './run-state.ts';
export { filesOf, readEntries, registryFolder, removeAbandoned, setBadAside, temporaryFolders } from './store.ts';
