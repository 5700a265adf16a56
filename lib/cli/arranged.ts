import { footprintOf, type RegisteredClaim, scriptOf } from '../claim/index.ts';
import type { ProviderName } from '../cluster/cluster.ts';
import { enrolledClients } from '../cluster/fixtures/index.ts';
import { type Driver, declares } from '../mesh/index.ts';
import {
  type Arrangement,
  arrange,
  castOf,
  type Exemption,
  exemptionOf,
  type RunOptions,
  type Scripted,
} from '../plan/index.ts';

export interface Selected {
  able: Scripted<RegisteredClaim>[];
  /** Those that cannot run on this mesh or provider. */
  exempt: (Scripted<RegisteredClaim> & { exemption: Exemption })[];
}

/** The claims with what their bodies ask for, and whether they can run. */
export async function scripted(
  selected: readonly RegisteredClaim[],
  driver: Driver,
  provider: ProviderName,
): Promise<Selected> {
  const able: Selected['able'] = [];
  const exempt: Selected['exempt'] = [];
  const isHot = Object.values(driver.spec.modes).every(({ effect }) => effect === 'hot');
  for (const claim of selected) {
    const script = await scriptOf(claim.body);
    const own = { claim, script, footprint: footprintOf(script, isHot) };
    const exemption = exemptionOf(claim, (feature) => declares(driver, feature), provider, driver.spec.external);
    if (exemption === undefined) able.push(own);
    else exempt.push({ ...own, exemption });
  }
  return { able, exempt };
}

/** The enrolled clients that are deployed: those that the claims can use, and all where an earlier run left theirs. */
export function clientsFor(able: readonly Scripted<RegisteredClaim>[], { reuse }: Pick<RunOptions, 'reuse'>): string[] {
  return reuse ? enrolledClients() : castOf(able, enrolledClients());
}

/** The order in which they are to begin, and what is to be expected of it. */
export function arranged(
  able: readonly Scripted<RegisteredClaim>[],
  options: Pick<RunOptions, 'seed' | 'reuse'>,
): Promise<Arrangement<RegisteredClaim>> {
  const { seed } = options;
  return arrange(able, { apps: clientsFor(able, options), ...(seed === undefined ? {} : { seed }) });
}
