import type { RegisteredClaim } from '../judge/registry.ts';
import type { RunOptions } from '../options/index.ts';
import { loadCatalogue } from '../run/catalogue.ts';
import { selectClaims } from '../schedule/index.ts';
import { type FormerRun, formerRun } from './last-run.ts';

/** A mesh that crashes is a finding in every suite. */
const ALWAYS = 'lifecycle';

/** The claims that are asked for, and, for --rerun-failed, of which run. */
export interface SelectedClaims {
  selected: RegisteredClaim[];
  former?: FormerRun;
}

/**
 * The claims that the options ask for.
 *
 * @throws UsageError for an unknown claim, or where nothing is selected.
 */
export async function selectedClaims(options: RunOptions): Promise<SelectedClaims> {
  const former = options.rerunFailed ? formerRun(options.out) : undefined;
  const wholeSuites = options.suites.length > 0 && options.claims.length === 0;
  const selected = selectClaims(await loadCatalogue(), {
    suites: wholeSuites ? [...options.suites, ALWAYS] : options.suites,
    claims: options.claims,
    full: options.extended,
    ...(former === undefined ? {} : { onlyIds: former.open }),
  });
  return { selected, ...(former === undefined ? {} : { former }) };
}
