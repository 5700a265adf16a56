import type { DeclaredClaim } from '../judge/declare.ts';
import { didYouMean, UsageError } from '../words/index.ts';
import { globTest, isGlob } from './glob.ts';

/** What of the catalogue is asked for. */
export interface Selection {
  suites: readonly string[];
  /** Ids and globs of claims. */
  claims: readonly string[];
  /** Extended claims too. */
  full: boolean;
  /** Ids that the last run left undecided or not passed; given with --rerun-failed only. */
  onlyIds?: readonly string[];
}

/**
 * The declared claims that are asked for, in the catalogue's order. An extended claim is taken with `full`, or when its
 * exact id is named.
 *
 * @throws UsageError for a suite that does not exist, an id or glob that matches nothing, or a selection that is empty.
 */
export function selectClaims<C extends DeclaredClaim>(catalogue: readonly C[], selection: Selection): C[] {
  const suites = [...new Set(catalogue.map((claim) => claim.suite))];
  for (const suite of selection.suites) checkSuite(suite, suites);
  const inSuites = catalogue.filter((claim) => selection.suites.length === 0 || selection.suites.includes(claim.suite));
  for (const wanted of selection.claims) checkMatch(wanted, catalogue, inSuites, selection);

  const exact = new Set([...selection.claims.filter((wanted) => !isGlob(wanted)), ...(selection.onlyIds ?? [])]);
  const tests = selection.claims.map(globTest);
  const selected = inSuites.filter(
    (claim) =>
      (tests.length === 0 || tests.some((test) => test(claim.id))) &&
      (selection.onlyIds === undefined || selection.onlyIds.includes(claim.id)) &&
      (claim.level === 'core' || selection.full || exact.has(claim.id)),
  );
  if (selected.length === 0) throw new UsageError(whyEmpty(selection));
  return selected;
}

/** @throws UsageError naming the suite, those that there are, and the nearest. */
export function checkSuite(suite: string, suites: readonly string[]): void {
  if (suites.includes(suite)) return;
  throw new UsageError(`unknown suite "${suite}"${didYouMean(suite, suites)} (suites: ${suites.join(', ')})`);
}

function checkMatch(
  wanted: string,
  catalogue: readonly DeclaredClaim[],
  inSuites: readonly DeclaredClaim[],
  selection: Selection,
): void {
  const test = globTest(wanted);
  const matched = inSuites.filter((claim) => test(claim.id));
  if (matched.length === 0) {
    const elsewhere = catalogue.filter((claim) => test(claim.id));
    if (elsewhere.length > 0) {
      throw new UsageError(`claim "${wanted}" is not in --suite ${selection.suites.join(',')}`);
    }
    const ids = catalogue.map((claim) => claim.id);
    throw new UsageError(
      `${isGlob(wanted) ? 'no claim matches' : 'unknown claim'} "${wanted}"${nearestId(wanted, ids)}`,
    );
  }
  if (isGlob(wanted) && !selection.full && matched.every((claim) => claim.level === 'extended')) {
    throw new UsageError(`"${wanted}" matches extended claims only; add --extended`);
  }
}

/** A glob is compared without its stars, which are nobody's slip. */
function nearestId(wanted: string, ids: readonly string[]): string {
  const suggestion = didYouMean(wanted.replace(/[*?]/g, ''), ids);
  if (suggestion !== '') return suggestion;
  const suites = [...new Set(ids.map((id) => id.split('/')[0] ?? id))];
  return didYouMean(
    wanted.split('/')[0] ?? wanted,
    suites.map((suite) => `${suite}/*`),
  );
}

function whyEmpty(selection: Selection): string {
  if (selection.onlyIds !== undefined) {
    return selection.onlyIds.length === 0
      ? '--rerun-failed: every claim of the last run passed or is unsupported, so there is nothing to rerun'
      : `--rerun-failed: none of ${selection.onlyIds.join(', ')} is selected`;
  }
  return 'no claim is selected: only extended claims fit; add --extended';
}
