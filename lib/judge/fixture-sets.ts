import { isPerSet, MOST_SETS, suffixOf } from '../fixtures/table.ts';
import type { ResourceUse } from './claim.ts';

/** One set of the fixtures that policies name. Claims are written with the first set's names. */
export interface FixtureSet {
  /** Suffix of the names of its fixtures. */
  readonly suffix: string;
}

/**
 * Sets of clients and servers for claims that are judged side by side. In some meshes one policy for a server closes it to
 * everybody whom the policy does not name. In others it opens the server to everybody. So a claim that makes policies has a
 * fixture set to itself, and claims that make none share the first one.
 */
export class FixtureSets {
  private readonly apps: ReadonlySet<string>;
  private readonly sets: FixtureSet[];
  /** How many claims use a set; infinite for one claim that makes policies. */
  private readonly users = new Map<FixtureSet, number>();
  private isShared: boolean;

  /**
   * @param apps every fixture's name; `curl-2` is `curl` in the second set
   * @param isShared whether stability checks use the first set, so that no claim may make policies there
   */
  constructor(apps: Iterable<string>, isShared = false) {
    this.apps = new Set(apps);
    const numbers = Array.from({ length: MOST_SETS }, (_, index) => index + 1);
    this.sets = numbers
      .map((set) => ({ suffix: suffixOf(set) }))
      .filter(({ suffix }) => suffix === '' || this.apps.has(`curl${suffix}`));
    this.isShared = isShared;
  }

  /** A free set that has the claim's fixtures, if there is one. */
  take({ fixtures, policies }: Pick<ResourceUse, 'fixtures' | 'policies'>): FixtureSet | undefined {
    const [first] = this.sets;
    const isFit = (set: FixtureSet) =>
      !this.users.has(set) && !(set === first && this.isShared) && fixtures.every((name) => this.has(set, name));
    // The last ones have the fewest fixtures: leave the others to claims that need more.
    const set = policies ? this.sets.findLast(isFit) : first;
    if (set === undefined || this.users.get(set) === Number.POSITIVE_INFINITY) return undefined;
    this.users.set(set, policies ? Number.POSITIVE_INFINITY : (this.users.get(set) ?? 0) + 1);
    return set;
  }

  release(set: FixtureSet): void {
    const rest = (this.users.get(set) ?? 1) - 1;
    if (rest > 0 && rest !== Number.POSITIVE_INFINITY) this.users.set(set, rest);
    else this.users.delete(set);
  }

  private has({ suffix }: FixtureSet, fixture: string): boolean {
    return !isPerSet(fixture) || this.apps.has(fixture + suffix);
  }
}

/** A suite's fixture as it is called in this set. */
export function nameIn({ suffix }: FixtureSet, fixture: string): string {
  return isPerSet(fixture) ? fixture + suffix : fixture;
}
