import { didYouMean } from '../words/index.ts';
import { type Case, cases } from './cases/index.ts';
import type { CellPlan } from './cell.ts';

export interface CellChoice {
  /** One cell for each case, with the claims that it names; otherwise every case meets all claims of the suites. */
  quick: boolean;
  /** Names of cases; empty: all. */
  names: string[];
  /** Names of suites; empty: all. */
  suites: string[];
}

/** What is there to be run. */
export interface KnownClaim {
  id: string;
  suite: string;
  level: 'core' | 'extended';
}

/** @throws RangeError for a name that no case has */
export function planCells({ quick, names, suites }: CellChoice, claims: KnownClaim[]): CellPlan[] {
  const known = cases.map(({ name }) => name);
  for (const name of names) {
    if (!known.includes(name)) throw new RangeError(`there is no fault "${name}"${didYouMean(name, known)}`);
  }
  const meant = cases.filter(({ name }) => names.length === 0 || names.includes(name));
  const inSuites = claims.filter(({ suite }) => suites.length === 0 || suites.includes(suite));
  const plans = meant.map((each) => (quick ? quickCell(each, inSuites) : wholeCell(each, inSuites)));
  // The long ones first, so that no worker is left with one at the end.
  return plans.filter((plan) => plan.claims.length > 0).sort((one, other) => weightOf(other.case) - weightOf(one.case));
}

function quickCell(each: Case, claims: KnownClaim[]): CellPlan {
  return { case: each, claims: claims.filter(({ id }) => isNamed(each, id)).map(({ id }) => id) };
}

/** The extended claims that a case names are run too. */
function wholeCell(each: Case, claims: KnownClaim[]): CellPlan {
  const meant = claims.filter(({ id, level }) => level === 'core' || isNamed(each, id));
  return {
    case: each,
    claims: meant.map(({ id }) => id),
    suites: [...new Set(claims.map(({ suite }) => suite))],
  };
}

function isNamed({ caughtBy, alongside = [] }: Case, claim: string): boolean {
  return caughtBy.includes(claim) || alongside.includes(claim);
}

/** A guess at how long a case takes, in runs of an ordinary one. */
function weightOf({ name, kind, caughtBy }: Case): number {
  if (name.startsWith('slow') || name.includes('hang')) return 5;
  if (kind === 'environment') return 3;
  return caughtBy.some((claim) => claim.includes('stays') || claim.includes('installation')) ? 2 : 1;
}
