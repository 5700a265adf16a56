import type { Evidence } from '../evidence/index.ts';
import { enrolledFixtures } from '../fixtures/table.ts';
import { type Claim, type PlannedClaim, resourceUseOf, scriptOf } from '../judge/index.ts';
import type { ProviderName } from '../kube/cluster.ts';
import { type Driver, declares, features, type Mesh } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { isSandboxVersion } from '../sandbox/index.ts';
import { chooseFixtures, type Schedule, schedule, skipOf } from '../schedule/index.ts';

/** The claims with their scripts and resource use, and why some of them cannot run on this mesh or provider. */
export async function scripted(
  selected: readonly Claim[],
  driver: Driver,
  provider: ProviderName,
  { serial }: Pick<RunOptions, 'serial'>,
): Promise<PlannedClaim[]> {
  // A switch that acts on new pods only replaces those of all claims.
  const isSerial = serial || Object.values(driver.spec.modes).some(({ effect }) => effect !== 'hot');
  const planned: PlannedClaim[] = [];
  for (const claim of selected) {
    const script = await scriptOf(claim.body);
    const skip = skipOf(claim, (feature) => declares(driver, feature), provider, driver.spec.external);
    const resourceUse = resourceUseOf(script, isSerial, driver.spec.policy.reach !== undefined);
    planned.push({ claim, script, resourceUse, run: 1, ...(skip === undefined ? {} : { skip }) });
  }
  return planned;
}

/**
 * The enrolled fixtures to deploy: those that the claims can use; on a reused cluster all, as an earlier run can have left
 * them.
 */
export async function fixturesFor(
  claims: readonly PlannedClaim[],
  { reuse }: Pick<RunOptions, 'reuse'>,
): Promise<string[]> {
  return reuse ? enrolledFixtures() : chooseFixtures(claims.filter(({ skip }) => !skip));
}

/** The order in which the claims that can run begin, and its simulation. */
export async function scheduled(
  claims: readonly PlannedClaim[],
  options: Pick<RunOptions, 'seed' | 'reuse'>,
): Promise<Schedule> {
  const { seed } = options;
  const able = claims.filter(({ skip }) => !skip);
  return schedule(able, { fixtures: await fixturesFor(able, options), ...(seed === undefined ? {} : { seed }) });
}

/** The claims in the order in which they begin, repeated as --repeat says. Those that cannot run come first. */
export async function planClaims(selected: readonly PlannedClaim[], options: RunOptions): Promise<PlannedClaim[]> {
  const { claims } = await scheduled(selected, options);
  const planned = selected.filter(({ skip }) => skip);
  for (let run = 1; run <= options.repeat; run += 1) planned.push(...claims.map((each) => ({ ...each, run })));
  return planned;
}

/** Records what is tested, and what does not run and why. */
export function recordPlan(
  evidence: Evidence,
  plan: {
    provider: ProviderName;
    kubernetes: string;
    mesh: Mesh;
    observedVersion: string;
    claims: PlannedClaim[];
  },
): void {
  const { provider, kubernetes, mesh, observedVersion, claims } = plan;
  const { name, project, declaredVersion, verified, file } = mesh;
  const supports = Object.keys(features).filter((feature) => mesh.supports(feature) === true);
  evidence.append({
    kind: 'plan',
    provider,
    sandbox: provider === 'sandbox' || isSandboxVersion(kubernetes),
    kubernetes,
    mesh: { name, project, declaredVersion, observedVersion, driver: file, verified, supports },
    claims: claims
      .filter(({ run }) => run === 1)
      .map(({ claim: { id, suite, title, spec, level, features: needed }, skip }) => ({
        ...{ id, suite, title, spec, level, features: needed },
        ...(skip === undefined ? {} : { skip }),
      })),
  });
  if (observedVersion !== declaredVersion) {
    const value = `${observedVersion}; the driver was written for ${declaredVersion}`;
    evidence.append({ kind: 'note', what: `version of ${project}`, value });
  }
  for (const { claim, skip } of claims) {
    if (skip !== undefined) evidence.append({ kind: 'verdict', claim: claim.id, ...skip, attempt: 1, ms: 0 });
  }
}
