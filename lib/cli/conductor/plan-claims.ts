import type { DeclaredClaim, PlannedClaim } from '../../claim/index.ts';
import type { ProviderName } from '../../cluster/cluster.ts';
import type { ClaimSummary, Evidence } from '../../evidence/index.ts';
import { type Driver, declares, type Mesh } from '../../mesh/index.ts';
import { exemptionOf, orderClaims, type RunOptions } from '../../plan/index.ts';

/** The claims in the order in which they will run, as often as --repeat says; those that cannot run come first. */
export function planClaims(
  selected: readonly DeclaredClaim[],
  driver: Driver,
  provider: ProviderName,
  options: RunOptions,
): PlannedClaim[] {
  const able: DeclaredClaim[] = [];
  const planned: PlannedClaim[] = [];
  for (const claim of selected) {
    const exempt = exemptionOf(claim, (feature) => declares(driver, feature), provider, driver.spec.external);
    if (exempt === undefined) able.push(claim);
    else planned.push({ claim, run: 1, exempt });
  }
  const { claims } = orderClaims(able, options.seed);
  for (let run = 1; run <= options.repeat; run += 1) planned.push(...claims.map((claim) => ({ claim, run })));
  return planned;
}

/** Writes down what is tested, and what will not run and why. */
export function recordPlan(
  evidence: Evidence,
  parts: { provider: ProviderName; kubernetes: string; mesh: Mesh; observedVersion: string; claims: PlannedClaim[] },
): void {
  const { provider, kubernetes, mesh, observedVersion, claims } = parts;
  const { name, project, declaredVersion, verified, file } = mesh;
  evidence.append({
    kind: 'plan',
    provider,
    sandbox: provider === 'sandbox',
    kubernetes,
    mesh: { name, project, declaredVersion, observedVersion, driver: file, verified },
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
