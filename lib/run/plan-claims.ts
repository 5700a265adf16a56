import type { ClaimSummary, Evidence } from '../evidence/index.ts';
import { enrolledClients } from '../fixtures/table.ts';
import { type PlannedClaim, type RegisteredClaim, resourceUseOf, scriptOf } from '../judge/index.ts';
import type { ProviderName } from '../kube/cluster.ts';
import { type Driver, declares, features, type Mesh } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { isSandboxVersion } from '../sandbox/index.ts';
import {
  type Exemption,
  exemptionOf,
  requiredClientsOf,
  type Schedule,
  type Scripted,
  schedule,
} from '../schedule/index.ts';

export interface Selected {
  able: Scripted<RegisteredClaim>[];
  /** Those that cannot run on this mesh or provider. */
  skip: (Scripted<RegisteredClaim> & { exemption: Exemption })[];
}

/** The claims with what their bodies ask for, and whether they can run. */
export async function scripted(
  selected: readonly RegisteredClaim[],
  driver: Driver,
  provider: ProviderName,
): Promise<Selected> {
  const able: Selected['able'] = [];
  const skip: Selected['skip'] = [];
  const isHot = Object.values(driver.spec.modes).every(({ effect }) => effect === 'hot');
  for (const claim of selected) {
    const script = await scriptOf(claim.body);
    const own = { claim, script, resourceUse: resourceUseOf(script, isHot) };
    const exemption = exemptionOf(claim, (feature) => declares(driver, feature), provider, driver.spec.external);
    if (exemption === undefined) able.push(own);
    else skip.push({ ...own, exemption });
  }
  return { able, skip };
}

/** The enrolled clients that are deployed: those that the claims can use, and all where an earlier run left theirs. */
export function clientsFor(able: readonly Scripted<RegisteredClaim>[], { reuse }: Pick<RunOptions, 'reuse'>): string[] {
  return reuse ? enrolledClients() : requiredClientsOf(able, enrolledClients());
}

/** The order in which they are to begin, and what is to be expected of it. */
export function scheduled(
  able: readonly Scripted<RegisteredClaim>[],
  options: Pick<RunOptions, 'seed' | 'reuse'>,
): Promise<Schedule<RegisteredClaim>> {
  const { seed } = options;
  return schedule(able, { apps: clientsFor(able, options), ...(seed === undefined ? {} : { seed }) });
}

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
