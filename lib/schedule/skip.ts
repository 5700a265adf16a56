import type { DeclaredClaim } from '../judge/declare.ts';
import type { ProviderName } from '../kube/cluster.ts';

/** Why a claim will not run, where that is known before it starts. */
export interface Exemption {
  verdict: 'unsupported' | 'not-run';
  reason: string;
}

/** Features that need the mesh to be installed anew, which is not done to a cluster that others use. */
const reinstalling = ['install-modes'];

/**
 * Whether a claim can run with this mesh on this provider; undefined where it can.
 *
 * @param supports whether the mesh is declared to have a feature, or why not.
 * @param external what the mesh calls outside of itself: see the driver's field of that name
 */
export function exemptionOf(
  claim: DeclaredClaim,
  supports: (feature: string) => true | { reason: string },
  provider: ProviderName,
  external: readonly string[],
): Exemption | undefined {
  for (const feature of claim.features) {
    const answer = supports(feature);
    if (answer !== true) return { verdict: 'unsupported', reason: answer.reason };
  }
  if (provider === 'existing' && claim.features.some((feature) => reinstalling.includes(feature))) {
    return {
      verdict: 'not-run',
      reason: 'it installs the mesh anew, which is not done to a cluster that was there before',
    };
  }
  if (claim.features.includes('egress') && provider !== 'kind' && !external.includes('service')) {
    return {
      verdict: 'not-run',
      reason: 'the mesh calls only addresses beside the cluster external, where this provider has no server',
    };
  }
  return undefined;
}
