import type { ProviderName } from '../../cluster/cluster.ts';
import type { RunContext } from './context.ts';
import { existingStand } from './existing-stand.ts';
import { kindName, kindStand } from './kind-stand.ts';
import { sandboxStand } from './sandbox-stand.ts';
import type { Stand } from './stand.ts';

/** @param onStand called as soon as there is a cluster, so that it can be taken down whatever happens afterwards */
export async function provide(
  run: RunContext,
  provider: ProviderName,
  onStand: (stand: Stand) => void,
): Promise<Stand> {
  switch (provider) {
    case 'kind':
      return run.inPhase('cluster', `kind cluster ${kindName(run)}`, () => kindStand(run, onStand));
    case 'existing':
      return run.inPhase('cluster', `context ${run.options.context}`, () => existingStand(run, onStand));
    case 'sandbox':
      return run.inPhase('cluster', 'built-in sandbox', () => sandboxStand(run, onStand));
  }
}
