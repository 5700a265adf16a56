export { type ConnectOptions, connect } from './client/index.ts';
export * from './cluster.ts';
