import base from './jest.base.js';

/** Tests of the cluster interface against a real cluster, named by MESHPROOF_CONTRACT_KUBECONFIG. */
export default { ...base, testMatch: ['**/*.contract.ts'], testTimeout: 60_000 };
