import type { RegisteredClaim } from '../claim/registry.ts';
import { type RunOptions, selectClaims } from '../plan/index.ts';
import { loadCatalogue } from './catalogue.ts';
import { failedInLastRun } from './last-run.ts';

/** A mesh that crashes is a finding in every suite. */
const ALWAYS = 'lifecycle';

/**
 * The claims that the options ask for.
 *
 * @throws UsageError for an unknown claim, or where nothing is selected.
 */
export async function selectedClaims(options: RunOptions): Promise<RegisteredClaim[]> {
  const wholeSuites = options.suites.length > 0 && options.claims.length === 0 && !options.rerunFailed;
  return selectClaims(await loadCatalogue(), {
    suites: wholeSuites ? [...options.suites, ALWAYS] : options.suites,
    claims: options.claims,
    full: options.full,
    ...(options.rerunFailed ? { onlyIds: failedInLastRun(options.out) } : {}),
  });
}
