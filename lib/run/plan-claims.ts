import type { ClaimSummary, Evidence } from '../evidence/index.ts';
import type { PlannedClaim } from '../judge/index.ts';
import type { ProviderName } from '../kube/cluster.ts';
import { features, type Mesh } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { isSandboxVersion } from '../sandbox/index.ts';
import { type Selected, scheduled } from './scheduled-claims.ts';

/** The claims in the order in which they are to begin, as often as --repeat says; those that cannot run come first. */
export async function planClaims({ able, skip }: Selected, options: RunOptions): Promise<PlannedClaim[]> {
  const { claims } = await scheduled(able, options);
  const planned: PlannedClaim[] = skip.map(({ claim, resourceUse, exemption }) => ({
    claim,
    resourceUse,
    run: 1,
    skip: exemption,
  }));
  for (let run = 1; run <= options.repeat; run += 1) {
    for (const { claim, resourceUse, yields = 0 } of claims) planned.push({ claim, resourceUse, run, yields });
  }
  return planned;
}

/** Writes down what is tested, and what will not run and why. */
export function recordPlan(
  evidence: Evidence,
  dependencies: {
    provider: ProviderName;
    kubernetes: string;
    mesh: Mesh;
    observedVersion: string;
    claims: PlannedClaim[];
  },
): void {
  const { provider, kubernetes, mesh, observedVersion, claims } = dependencies;
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
  for (const { claim, skip } of claims) {
    if (skip !== undefined) evidence.append({ kind: 'verdict', claim: claim.id, ...skip, attempt: 1, ms: 0 });
  }
}

function summary({ claim, skip }: PlannedClaim): ClaimSummary {
  const { id, suite, title, spec, level, features } = claim;
  return { id, suite, title, spec, level, features, ...(skip === undefined ? {} : { skip }) };
}
