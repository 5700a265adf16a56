export { readForReports } from './for-reports.ts';
export { type Evidence, type Listener, type OwnEvidence, openEvidence } from './open.ts';
export { readEvidence } from './read.ts';
export type * from './records.ts';
