import { connect } from '../../cluster/index.ts';
import { startSandbox } from '../../sandbox/index.ts';
import { childNote, type RunContext } from './context.ts';
import type { Stand } from './stand.ts';

/** The built-in cluster, in a process tree that lives no longer than this process. */
export async function sandboxStand(run: RunContext, onStand: (stand: Stand) => void): Promise<Stand> {
  const { sandboxFault: fault, sandboxDomain: clusterDomain } = run.options;
  const sandbox = await startSandbox({
    folder: run.folder.path,
    kubeconfig: run.ledger.kubeconfig,
    settings: {
      ...(fault === undefined ? {} : { fault }),
      ...(clusterDomain === undefined ? {} : { clusterDomain }),
    },
  });
  childNote(run)(sandbox.pid, 'sandbox');
  const cluster = connect(sandbox.kubeconfig);
  const stand: Stand = {
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
      run.ledger.childEnded(sandbox.pid);
    },
  };
  onStand(stand);
  return stand;
}
