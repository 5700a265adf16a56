import type { ProviderName } from '../kube/cluster.ts';
import type { RunContext } from './context.ts';
import { existingStand } from './existing-cluster.ts';
import { kindName, kindStand } from './kind-cluster.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { sandboxStand } from './sandbox-cluster.ts';

/** @param onStand called as soon as there is a cluster, so that it can be taken down whatever happens afterwards */
export async function provide(
  run: RunContext,
  provider: ProviderName,
  onStand: (stand: ProvidedCluster) => void,
): Promise<ProvidedCluster> {
  switch (provider) {
    case 'kind':
      return run.inPhase('cluster', `kind cluster ${kindName(run)}`, () => kindStand(run, onStand));
    case 'existing':
      return run.inPhase('cluster', `context ${run.options.context}`, () => existingStand(run, onStand));
    case 'sandbox':
      return run.inPhase('cluster', 'built-in sandbox', () => sandboxStand(run, onStand));
  }
}
