export { type Evidence, type Listener, openEvidence } from './open.ts';
export { readEvidence } from './read.ts';
export type * from './records.ts';
