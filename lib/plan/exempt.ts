import type { DeclaredClaim } from '../claim/declare.ts';
import type { ProviderName } from '../cluster/cluster.ts';

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
 */
export function exemptionOf(
  claim: DeclaredClaim,
  supports: (feature: string) => true | { reason: string },
  provider: ProviderName,
): Exemption | undefined {
  for (const feature of claim.needs) {
    const answer = supports(feature);
    if (answer !== true) return { verdict: 'unsupported', reason: answer.reason };
  }
  if (provider === 'existing' && claim.needs.some((feature) => reinstalling.includes(feature))) {
    return {
      verdict: 'not-run',
      reason: 'it installs the mesh anew, which is not done to a cluster that was there before',
    };
  }
  return undefined;
}
