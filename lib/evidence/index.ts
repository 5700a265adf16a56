export { type Evidence, type Listener, type OwnEvidence, openEvidence } from './open.ts';
export { readEvidence, readForReports } from './read.ts';
export type * from './records.ts';
