import { enrolledClients } from '../fixtures/table.ts';
import { type RegisteredClaim, resourceUseOf, scriptOf } from '../judge/index.ts';
import type { ProviderName } from '../kube/cluster.ts';
import { type Driver, declares } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
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
