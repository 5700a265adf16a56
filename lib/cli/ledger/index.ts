export { engineVariables } from './engine.ts';
export type { RunEntry } from './entry.ts';
export { forgetRun } from './forget.ts';
export { type Ledger, openLedger } from './ledger.ts';
export { deletion, kindClusterNames } from './leftover-containers.ts';
export { deadRuns, type KeptCluster, keptClusters, type Standing, standingOf } from './standing.ts';
export { filesOf, ledgerFolder, readEntries, removeAbandoned, setBadAside, temporaryFolders } from './store.ts';
export { forgetSpent, type SweepReport, sweepDeadRuns, sweepRuns } from './sweep.ts';
