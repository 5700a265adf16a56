import type { PlannedClaim } from '../../claim/index.ts';
import type { ProviderName } from '../../cluster/cluster.ts';
import type { ClaimSummary, Evidence } from '../../evidence/index.ts';
import { features, type Mesh } from '../../mesh/index.ts';
import type { RunOptions } from '../../plan/index.ts';
import { isSandboxVersion } from '../../sandbox/index.ts';
import { arranged, type Selected } from '../arranged.ts';

/** The claims in the order in which they are to begin, as often as --repeat says; those that cannot run come first. */
export async function planClaims({ able, exempt }: Selected, options: RunOptions): Promise<PlannedClaim[]> {
  const { claims } = await arranged(able, options);
  const planned: PlannedClaim[] = exempt.map(({ claim, footprint, exemption }) => ({
    claim,
    footprint,
    run: 1,
    exempt: exemption,
  }));
  for (let run = 1; run <= options.repeat; run += 1) {
    for (const { claim, footprint, yields = 0 } of claims) planned.push({ claim, footprint, run, yields });
  }
  return planned;
}

/** Writes down what is tested, and what will not run and why. */
export function recordPlan(
  evidence: Evidence,
  parts: { provider: ProviderName; kubernetes: string; mesh: Mesh; observedVersion: string; claims: PlannedClaim[] },
): void {
  const { provider, kubernetes, mesh, observedVersion, claims } = parts;
  const { name, project, declaredVersion, verified, file } = mesh;
  const supports = Object.keys(features).filter((feature) => mesh.supports(feature) === true);
  evidence.append({
    kind: 'plan',
    provider,
    sandbox: provider === 'sandbox' || isSandboxVersion(kubernetes),
    kubernetes,
    mesh: { name, project, declaredVersion, observedVersion, driver: file, verified, supports },
    claims: claims.filter(({ run }) => run === 1).map(summary),
  });
  if (observedVersion !== declaredVersion) {
    const value = `${observedVersion}; the driver was written for ${declaredVersion}`;
    evidence.append({ kind: 'note', what: `version of ${project}`, value });
  }
  for (const { claim, exempt } of claims) {
    if (exempt !== undefined) evidence.append({ kind: 'verdict', claim: claim.id, ...exempt, attempt: 1, ms: 0 });
  }
}

function summary({ claim, exempt }: PlannedClaim): ClaimSummary {
  const { id, suite, says, source, level, needs } = claim;
  return { id, suite, says, source, level, needs, ...(exempt === undefined ? {} : { exempt }) };
}
