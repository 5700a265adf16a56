export { type Evidence, type Listener, type OwnEvidence, openEvidence } from './open.ts';
export { readEvidence, readForReports } from './read.ts';
export * from './records.ts';
