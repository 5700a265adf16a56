import type { Kubelet } from '../../contract.ts';
import type { Core } from '../objects/index.ts';
import type { Tokens } from '../rbac/index.ts';
import { runAccountTokens } from './account-tokens.ts';
import { setUpCluster } from './bootstrap.ts';
import { runDefinitions } from './definitions.ts';
import { runDeployments } from './deployments.ts';
import { runEndpoints } from './endpoints.ts';
import { runGarbage } from './garbage.ts';
import { runNamespaces } from './namespaces.ts';
import { runPods } from './pods.ts';
import { runReplicaSets } from './replicasets.ts';

export { recordEvent } from './events.ts';

/** What controllers act with. */
interface Means {
  kubelet: Kubelet;
  tokens: Tokens;
  /** The certificate (PEM) by which clients know the API server. */
  authority: string;
}

/**
 * Starts everything that acts on objects by itself, and gives the cluster what a fresh one has.
 * @returns ends them all.
 */
export function runControllers(core: Core, { kubelet, tokens, authority }: Means): () => void {
  // Definitions first: the kinds of a new one are to be there for whoever hears of it.
  const stops = [
    runDefinitions(core),
    runGarbage(core),
    runNamespaces(core, authority),
    runAccountTokens(core, tokens, authority),
    runReplicaSets(core),
    runDeployments(core),
    runPods(core, kubelet),
    runEndpoints(core),
  ];
  setUpCluster(core);
  return () => {
    for (const stop of stops) stop();
  };
}
