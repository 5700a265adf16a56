import type { Kubelet } from '../../contract.ts';
import type { Tokens } from '../access.ts';
import type { Core } from '../objects/core.ts';
import { runAccountTokens } from './account-tokens.ts';
import { setUpCluster } from './bootstrap.ts';
import { runDefinitions } from './definitions.ts';
import { runDeployments } from './deployments.ts';
import { runEndpoints } from './endpoints.ts';
import { runGarbage } from './garbage.ts';
import { runNamespaces } from './namespaces.ts';
import { runPods } from './pods.ts';
import { runReplicaSets } from './replicasets.ts';

interface Dependencies {
  kubelet: Kubelet;
  tokens: Tokens;
  /** The certificate (PEM) by which clients know the API server. */
  authority: string;
}

/** Starts everything that acts on objects by itself, and creates the objects of a fresh cluster. */
export function runControllers(core: Core, { kubelet, tokens, authority }: Dependencies): void {
  // First, so that a new kind is served before anybody else hears of its definition.
  runDefinitions(core);
  runGarbage(core);
  runNamespaces(core, authority);
  runAccountTokens(core, tokens, authority);
  runReplicaSets(core);
  runDeployments(core);
  runPods(core, kubelet);
  runEndpoints(core);
  setUpCluster(core);
}
