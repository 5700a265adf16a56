export { startNode } from './start.ts';
