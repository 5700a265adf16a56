export { type ConnectOptions, connect } from './connect.ts';
export { chooseContext } from './context.ts';
export { checkContext } from './endpoint.ts';
export { type Entry, type Kubeconfig, KubeconfigError, readKubeconfigs } from './kubeconfig.ts';
