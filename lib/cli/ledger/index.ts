export { engineVariables } from './engine.ts';
export type { RunEntry } from './entry.ts';
export { type Ledger, openLedger } from './ledger.ts';
export { deleteCluster, meshproofClusters } from './leftover-containers.ts';
export { deadRuns, type KeptCluster, keptClusters, type Standing, standingOf } from './standing.ts';
export { filesOf, ledgerFolder, readEntries, removeAbandoned } from './store.ts';
export { forgetSpent, type SweepReport, sweepDeadRuns, sweepRun } from './sweep.ts';
