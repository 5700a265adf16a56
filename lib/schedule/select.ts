import type { Claim, PlannedClaim } from '../judge/claim.ts';
import type { ProviderName } from '../kube/cluster.ts';
import { didYouMean, UsageError } from '../words/index.ts';

/** Which claims of the catalogue are asked for. */
interface Selection {
  suites: readonly string[];
  /** Ids and globs of claims. */
  claims: readonly string[];
  /** Extended claims too. */
  extended: boolean;
  /** With --rerun-failed: the claims that did not pass in the last run, or were not decided. */
  onlyIds?: readonly string[];
}

/**
 * The claims that are asked for, in the catalogue's order. An extended claim needs `extended`, or its exact id.
 *
 * @throws UsageError for a suite that does not exist, an id or glob that matches nothing, or a selection that is empty.
 */
export function selectClaims(catalogue: readonly Claim[], selection: Selection): Claim[] {
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
      (claim.level === 'core' || selection.extended || exact.has(claim.id)),
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
  catalogue: readonly Claim[],
  inSuites: readonly Claim[],
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
  if (isGlob(wanted) && !selection.extended && matched.every((claim) => claim.level === 'extended')) {
    throw new UsageError(`"${wanted}" matches extended claims only; add --extended`);
  }
}

/** A glob is compared without its stars. */
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

/** A test for claim ids by a glob: `*` is any run of characters, slashes included, `?` is any one. */
function globTest(glob: string): (id: string) => boolean {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  const pattern = new RegExp(`^${body}$`);
  return (id) => pattern.test(id);
}

function isGlob(text: string): boolean {
  return /[*?]/.test(text);
}

/** Features that need the mesh to be installed anew, which a run does not do on a cluster that others use. */
const REINSTALLING = ['install-modes'];

/**
 * Why a claim cannot run with this mesh on this provider; undefined if it can.
 *
 * @param supports whether the mesh is declared to have a feature, or why not
 * @param external what the mesh calls external: see the driver's field of that name
 */
export function skipOf(
  { features }: Pick<Claim, 'features'>,
  supports: (feature: string) => true | { reason: string },
  provider: ProviderName,
  external: readonly string[],
): PlannedClaim['skip'] {
  for (const feature of features) {
    const answer = supports(feature);
    if (answer !== true) return { verdict: 'unsupported', reason: answer.reason };
  }
  if (provider === 'existing' && features.some((feature) => REINSTALLING.includes(feature)))
    return { verdict: 'not-run', reason: 'it installs the mesh anew, which a run does not do on an existing cluster' };
  if (features.includes('egress') && provider !== 'kind' && !external.includes('service'))
    return {
      verdict: 'not-run',
      reason: 'for this mesh only addresses beside the cluster are external, and this provider has no server there',
    };
  return undefined;
}
