import { connect } from '../kube/index.ts';
import { startSandbox } from '../sandbox/index.ts';
import { childNote, type RunContext } from './context.ts';
import type { ProvidedCluster } from './provided-cluster.ts';

/** The built-in cluster, in a process tree that lives no longer than this process. */
export async function sandboxStand(
  run: RunContext,
  onStand: (stand: ProvidedCluster) => void,
): Promise<ProvidedCluster> {
  const { sandboxFault: fault, sandboxDomain: clusterDomain } = run.options;
  const sandbox = await startSandbox({
    folder: run.folder.path,
    kubeconfig: run.registry.kubeconfig,
    settings: {
      ...(fault === undefined ? {} : { fault }),
      ...(clusterDomain === undefined ? {} : { clusterDomain }),
    },
  });
  childNote(run)(sandbox.pid, 'sandbox');
  const cluster = connect(sandbox.kubeconfig);
  const stand: ProvidedCluster = {
    provider: 'sandbox',
    cluster,
    kubeconfig: sandbox.kubeconfig,
    reused: false,
    prefix: '',
    mayInstall: true,
    beforeSwitch: async () => undefined,
    down: async () => {
      cluster.close();
      await sandbox.stop();
      run.registry.childEnded(sandbox.pid);
    },
  };
  onStand(stand);
  return stand;
}
