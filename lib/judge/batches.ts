import { type ModeName, type ModeState, modeNames } from '../mesh/mesh.ts';
import type { PlannedClaim } from './claim.ts';
import type { FixtureSet, FixtureSets } from './fixture-sets.ts';
import { Aborted } from './verdict.ts';

/** A change that a claim asks for. The claim waits until a batch makes it. */
export interface ChangeRequest {
  /** The switch that it is. Claims that ask for the same one share it. */
  mode?: { name: ModeName; value: boolean };
  /** @param sharers ids of the claims that share it */
  make(sharers: string[]): Promise<void>;
}

/** What a claim gets when it may begin. */
export interface Entry {
  fixtureSet: FixtureSet;
  /** Why the modes that it starts from could not be set. */
  error: unknown;
}

interface Asked extends ChangeRequest {
  resolve(): void;
  reject(error: unknown): void;
}

interface Active extends Entry {
  planned: PlannedClaim;
  /** A claim that is waiting only lets time pass: others may change the modes that it does not start from. */
  doing: 'working' | 'waiting' | Asked;
}

interface Queued {
  planned: PlannedClaim;
  yields: number;
  error: unknown;
  resolve(entry: Entry): void;
  reject(error: Error): void;
}

/** One change of a batch, and the claims that asked for it. */
interface SharedChange {
  make(): Promise<void>;
  askers: Active[];
}

export interface BatchesDependencies {
  fixtureSets: FixtureSets;
  /** A claim's place in the plan: the earlier one begins first. */
  placeOf(planned: PlannedClaim): number;
  /** The modes that are known. */
  modes(): Readonly<ModeState>;
  /** Switches a mode for claims that are about to begin. */
  establish(mode: ModeName, value: boolean, forClaim: string): Promise<void>;
}

/**
 * Judges claims side by side, in batches. Within a batch nothing changes: all claims probe and sample. A batch is over when
 * each of them has asked for a change, has ended, or only waits for time to pass. Then all changes are made together. So
 * no sample of a claim meets a change of another, and claims that want the same switch share it.
 *
 * A mode that claims started from is switched only when all of them ask for that. Claims that could wait for each other are
 * never active together.
 */
export class Batches {
  private readonly dependencies: BatchesDependencies;
  private readonly active = new Set<Active>();
  private queued: Queued[] = [];
  /** How often each mode has come to each value. */
  private readonly came = new Map<string, number>();
  private isChanging = false;
  private ended: Error | undefined;

  constructor(dependencies: BatchesDependencies) {
    this.dependencies = dependencies;
  }

  /**
   * Settles when the claim may begin, with the modes that it starts from.
   * @param more whether others are about to enter: no claim begins before them
   * @throws Aborted once no claim may enter any more
   */
  enter(planned: PlannedClaim, more: boolean): Promise<Entry> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    const entered = new Promise<Entry>((resolve, reject) => {
      this.queued.push({ planned, yields: planned.yields ?? 0, error: undefined, resolve, reject });
    });
    if (!more) this.advance();
    return entered;
  }

  /** Settles when the change has been made. @throws what making it threw */
  async ask(planned: PlannedClaim, changeRequest: ChangeRequest): Promise<void> {
    const active = this.of(planned);
    await new Promise<void>((resolve, reject) => {
      active.doing = { ...changeRequest, resolve, reject };
      this.advance();
    });
  }

  /** Does what only waits for time to pass, while others go on. */
  async waitFor<T>(planned: PlannedClaim, wait: () => Promise<T>): Promise<T> {
    const active = this.of(planned);
    active.doing = 'waiting';
    this.advance();
    try {
      return await wait();
    } finally {
      active.doing = 'working';
    }
  }

  leave(planned: PlannedClaim): void {
    const active = this.of(planned);
    this.active.delete(active);
    this.dependencies.fixtureSets.release(active.fixtureSet);
    this.advance();
  }

  /** No claim enters any more; queued ones are rejected. */
  close(why: string): void {
    this.ended ??= new Aborted(why);
    for (const { reject } of this.queued) reject(this.ended);
    this.queued = [];
  }

  /** Rejects what is asked for, too. */
  end(why: string): void {
    this.close(why);
    for (const active of this.active) {
      if (typeof active.doing !== 'object') continue;
      const { reject } = active.doing;
      active.doing = 'working';
      reject(new Aborted(why));
    }
  }

  private of(planned: PlannedClaim): Active {
    const active = [...this.active].find((each) => each.planned === planned);
    if (active === undefined) throw new Error(`the claim ${planned.claim.id} is not active`);
    return active;
  }

  private advance(): void {
    if (this.isChanging) return;
    this.beginQueued();
    if ([...this.active].some(({ doing }) => doing === 'working')) return;
    const sharedChanges = this.sharedChanges();
    if (sharedChanges.length === 0) {
      if (this.active.size === 0) this.yieldNoMore();
      return;
    }
    this.isChanging = true;
    void Promise.allSettled(sharedChanges.map(({ make }) => make())).then((results) => {
      this.isChanging = false;
      // No claim continues before all changes are made: a sample must not meet one.
      results.forEach((result, i) => {
        settle(sharedChanges[i]?.askers ?? [], result);
      });
      this.advance();
    });
  }

  private beginQueued(): void {
    for (const each of this.queue()) {
      const { planned, error } = each;
      const fixtureSet = this.fits(each) ? this.dependencies.fixtureSets.take(planned.resourceUse) : undefined;
      if (fixtureSet === undefined) continue;
      this.active.add({ planned, fixtureSet, error, doing: 'working' });
      this.queued = this.queued.filter((other) => other !== each);
      each.resolve({ fixtureSet, error });
    }
  }

  /** In the plan's order, but claims that start from both modes first: they depend most on what others have switched. */
  private queue(): Queued[] {
    const rank = ({ planned }: Queued) => {
      const isFirst = modeNames.every((mode) => startsFrom(planned, mode)) && !planned.resourceUse.alone;
      return isFirst ? -1 : this.dependencies.placeOf(planned);
    };
    return [...this.queued].sort((one, other) => rank(one) - rank(other));
  }

  private fits(queued: Queued): boolean {
    if (!this.mayBegin(queued)) return false;
    if (queued.error !== undefined) return true;
    const modes = this.dependencies.modes();
    const { starts = {} } = queued.planned.claim;
    return modeNames.every((mode) => starts[mode] === undefined || modes[mode] === starts[mode]);
  }

  /** No claim is left for which others would yield. */
  private yieldNoMore(): void {
    const yielding = this.queued.filter(({ yields }) => yields > 0);
    for (const each of yielding) each.yields = 0;
    if (yielding.length > 0) this.advance();
  }

  /** Whether it could begin if only the modes were right. */
  private mayBegin({ planned, yields }: Queued): boolean {
    const { last = false, starts = {} } = planned.claim;
    const active = [...this.active].map((each) => each.planned);
    if (active.some(({ resourceUse }) => resourceUse.alone)) return false;
    if (last && this.queued.some((other) => !other.planned.claim.last)) return false;
    if (planned.resourceUse.alone || last) return active.length === 0;
    const isYielding = ([mode, value]: [string, boolean]) => (this.came.get(`${mode} ${value}`) ?? 0) <= yields;
    if (yields > 0 && Object.entries(starts).some(isYielding)) return false;
    return !active.some((each) => couldWaitForEachOther(planned, each));
  }

  private sharedChanges(): SharedChange[] {
    const due = [...this.active].flatMap((asker) =>
      typeof asker.doing === 'object' && this.isDue(asker.doing) ? [{ asker, asked: asker.doing }] : [],
    );
    const sharedChanges: SharedChange[] = [];
    const switched = new Set<ModeName>();
    for (const { asker, asked } of due) {
      const { mode } = asked;
      if (mode === undefined) {
        sharedChanges.push({ askers: [asker], make: () => asked.make([asker.planned.claim.id]) });
      } else if (!switched.has(mode.name)) {
        switched.add(mode.name);
        const askers = due
          .filter(({ asked: { mode: other } }) => other?.name === mode.name && other.value === mode.value)
          .map((each) => each.asker);
        const make = () => asked.make(askers.map(({ planned }) => planned.claim.id));
        sharedChanges.push({ askers, make: () => this.counted(mode.name, mode.value, make) });
      }
    }
    return [...sharedChanges, ...this.establishments(switched)];
  }

  /** A switch is due when every claim that started from the mode asks for one. */
  private isDue({ mode }: Asked): boolean {
    if (mode === undefined) return true;
    return [...this.active].every(
      ({ planned, doing }) =>
        !startsFrom(planned, mode.name) || (typeof doing === 'object' && doing.mode?.name === mode.name),
    );
  }

  /** Switches of modes that no active claim started from, for the first claims that could begin then. */
  private establishments(switched: ReadonlySet<ModeName>): SharedChange[] {
    const modes = this.dependencies.modes();
    const settled: ModeState = {};
    const isTaken = (mode: ModeName) => [...this.active].some(({ planned }) => startsFrom(planned, mode));
    const sharedChanges: SharedChange[] = [];
    for (const each of this.queue()) {
      const { claim, resourceUse } = each.planned;
      const needed = modeNames.flatMap((mode) => {
        const value = claim.starts?.[mode];
        return value === undefined ? [] : [{ mode, value }];
      });
      const isOpen = ({ mode, value }: { mode: ModeName; value: boolean }) =>
        !switched.has(mode) && value === (isTaken(mode) ? modes[mode] : (settled[mode] ?? value));
      if (!this.mayBegin(each) || !needed.every(isOpen)) continue;
      for (const { mode, value } of needed) {
        if (settled[mode] === undefined && modes[mode] !== value)
          sharedChanges.push(this.establishment(each, mode, value));
        settled[mode] = value;
      }
      if (resourceUse.alone) break;
    }
    return sharedChanges;
  }

  private establishment(queued: Queued, mode: ModeName, value: boolean): SharedChange {
    const make = async () => {
      try {
        await this.dependencies.establish(mode, value, queued.planned.claim.id);
      } catch (error) {
        queued.error = error;
      }
    };
    return { askers: [], make: () => this.counted(mode, value, make) };
  }

  private async counted(mode: ModeName, value: boolean, make: () => Promise<void>): Promise<void> {
    await make();
    const key = `${mode} ${value}`;
    this.came.set(key, (this.came.get(key) ?? 0) + 1);
  }
}

function startsFrom({ claim }: PlannedClaim, mode: ModeName): boolean {
  return claim.starts?.[mode] !== undefined;
}

/** Whether each of two claims switches a mode that the other one started from, and not the same mode. */
function couldWaitForEachOther(one: PlannedClaim, other: PlannedClaim): boolean {
  return modeNames.some((mode) =>
    modeNames.some(
      (another) =>
        mode !== another &&
        one.resourceUse.switches.includes(mode) &&
        other.resourceUse.switches.includes(another) &&
        startsFrom(one, another) &&
        startsFrom(other, mode),
    ),
  );
}

function settle(askers: Active[], result: PromiseSettledResult<void>): void {
  for (const asker of askers) {
    // The run may have been ended meanwhile.
    if (typeof asker.doing !== 'object') continue;
    const { resolve, reject } = asker.doing;
    asker.doing = 'working';
    if (result.status === 'fulfilled') resolve();
    else reject(result.reason);
  }
}
