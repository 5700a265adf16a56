export { connect } from './client/connect.ts';
export { type ChosenContext, chooseContext } from './client/context.ts';
export { checkContext } from './client/endpoint.ts';
export { type Entry, type Kubeconfig, KubeconfigError, readKubeconfigs } from './client/kubeconfig.ts';
export * from './cluster.ts';
