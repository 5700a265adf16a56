export { type ConnectOptions, connect } from './connect.ts';
export { chooseContext } from './context.ts';
export { checkContext } from './endpoint.ts';
export { isObject } from './failures.ts';
export { type Kubeconfig, KubeconfigError, readKubeconfigs } from './kubeconfig.ts';
