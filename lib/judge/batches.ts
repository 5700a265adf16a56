import type { ModeName } from '../mesh/mesh.ts';
import type { ClientSet, ClientSets } from './client-sets.ts';
import type { ModeState } from './declare.ts';
import { Aborted } from './errors.ts';
import type { ResourceUse } from './script.ts';

const MODES: ModeName[] = ['permissive', 'egress'];

/** A claim as far as it matters for what may be judged beside it. */
export interface ScheduledClaim extends ResourceUse {
  id: string;
  /** Its place in the plan: the earlier one begins first. */
  place: number;
  /** The modes that it needs when it begins, and holds: nobody else switches them until it ends. */
  starts: ModeState;
  last: boolean;
  /** How often the modes that it starts from are left to others, who need them for less time than it does. */
  yields: number;
}

/** A change that a claim asks for. The claim waits until a round makes it. */
export interface ChangeRequest {
  /** The switch that it is. Claims that ask for the same one share it. */
  mode?: { name: ModeName; value: boolean };
  /** @param sharers ids of the claims that share it */
  make(sharers: string[]): Promise<void>;
}

/** A claim under way. */
export interface RunningClaim extends ScheduledClaim {
  readonly clientSet: ClientSet;
  /** Why it cannot begin from the modes that it needs. */
  readonly trouble: unknown;
}

interface Asked extends ChangeRequest {
  resolve(): void;
  reject(error: unknown): void;
}

interface Active extends RunningClaim {
  /** A claim that watches only waits for time to pass, and lets others change what it does not hold. */
  doing: 'working' | 'watching' | Asked;
}

interface Waiting {
  scheduledClaim: ScheduledClaim;
  /** What came of switching a mode for it. */
  trouble: unknown;
  resolve(runningClaim: RunningClaim): void;
  reject(error: Error): void;
}

/** What is made together in one round. */
interface SharedChange {
  make(): Promise<void>;
  askers: Active[];
}

export interface BatchesDependencies {
  clientSets: ClientSets;
  /** The modes as they are known to be. */
  modes(): Readonly<ModeState>;
  /** Switches a mode for claims that are about to begin. */
  establish(mode: ModeName, value: boolean, forClaim: string): Promise<void>;
}

/**
 * Lets claims be judged side by side, in rounds. Within a round nothing changes: every claim probes and holds. Only when all
 * of them have come to ask for a change (or have ended, or merely watch) the changes that they ask for are made, together,
 * and the next round begins. So no claim's hold ever meets another claim's change, and claims that want the same switch share it.
 *
 * A mode that a claim has started with is switched only when every claim that holds it asks for that. Claims that could wait
 * for each other so are never under way together.
 */
export class Batches {
  private readonly dependencies: BatchesDependencies;
  private readonly active = new Set<Active>();
  private waiting: Waiting[] = [];
  /** How often each mode has come to each value. */
  private readonly came = new Map<string, number>();
  private isChanging = false;
  private ended: Error | undefined;

  constructor(dependencies: BatchesDependencies) {
    this.dependencies = dependencies;
  }

  /**
   * Settles when the claim may begin, with the modes that it starts from.
   * @param more whether others are about to enter: nobody begins before them
   * @throws Aborted once nobody may enter any more
   */
  enter(scheduledClaim: ScheduledClaim, more: boolean): Promise<RunningClaim> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    const entered = new Promise<RunningClaim>((resolve, reject) => {
      this.waiting.push({ scheduledClaim, trouble: undefined, resolve, reject });
    });
    if (!more) this.advance();
    return entered;
  }

  /** Settles when the change has been made. @throws what making it threw */
  async ask(runningClaim: RunningClaim, changeRequest: ChangeRequest): Promise<void> {
    const active = this.of(runningClaim);
    await new Promise<void>((resolve, reject) => {
      active.doing = { ...changeRequest, resolve, reject };
      this.advance();
    });
  }

  /** Does what only waits for time to pass, while others go on. */
  async watch<T>(runningClaim: RunningClaim, wait: () => Promise<T>): Promise<T> {
    const active = this.of(runningClaim);
    active.doing = 'watching';
    this.advance();
    try {
      return await wait();
    } finally {
      active.doing = 'working';
    }
  }

  leave(runningClaim: RunningClaim): void {
    this.active.delete(this.of(runningClaim));
    this.dependencies.clientSets.release(runningClaim.clientSet);
    this.advance();
  }

  /** Nobody enters any more; what waits is told why. */
  close(why: string): void {
    this.ended ??= new Aborted(why);
    for (const { reject } of this.waiting) reject(this.ended);
    this.waiting = [];
  }

  /** Gives up what is asked for too. */
  end(why: string): void {
    this.close(why);
    for (const active of this.active) {
      if (typeof active.doing !== 'object') continue;
      const { reject } = active.doing;
      active.doing = 'working';
      reject(new Aborted(why));
    }
  }

  private of(runningClaim: RunningClaim): Active {
    const active = [...this.active].find((each) => each === runningClaim);
    if (active === undefined) throw new Error(`the claim ${runningClaim.id} is not under way`);
    return active;
  }

  private advance(): void {
    if (this.isChanging) return;
    this.admit();
    if ([...this.active].some(({ doing }) => doing === 'working')) return;
    const sharedChanges = this.sharedChanges();
    if (sharedChanges.length === 0) {
      if (this.active.size === 0) this.yieldNoMore();
      return;
    }
    this.isChanging = true;
    void Promise.allSettled(sharedChanges.map(({ make }) => make())).then((results) => {
      this.isChanging = false;
      // Nobody goes on before all is made, lest a hold meets a change.
      results.forEach((result, i) => {
        settle(sharedChanges[i]?.askers ?? [], result);
      });
      this.advance();
    });
  }

  private admit(): void {
    for (const each of this.queue()) {
      const { scheduledClaim, trouble } = each;
      const clientSet = this.fits(each) ? this.dependencies.clientSets.take(scheduledClaim) : undefined;
      if (clientSet === undefined) continue;
      const active: Active = { ...scheduledClaim, clientSet, trouble, doing: 'working' };
      this.active.add(active);
      this.waiting = this.waiting.filter((other) => other !== each);
      each.resolve(active);
    }
  }

  /** In the plan's order, but those that hold both modes first: they depend most on what others have switched. */
  private queue(): Waiting[] {
    const rank = ({ scheduledClaim }: Waiting) =>
      holdsBoth(scheduledClaim) && !scheduledClaim.alone ? -1 : scheduledClaim.place;
    return [...this.waiting].sort((one, other) => rank(one) - rank(other));
  }

  private fits({ scheduledClaim, trouble }: Waiting): boolean {
    if (!this.mayBegin(scheduledClaim)) return false;
    if (trouble !== undefined) return true;
    const modes = this.dependencies.modes();
    return MODES.every(
      (mode) => scheduledClaim.starts[mode] === undefined || modes[mode] === scheduledClaim.starts[mode],
    );
  }

  /** Nobody is left who would bring about what a claim waits for by yielding. */
  private yieldNoMore(): void {
    const yielding = this.waiting.filter(({ scheduledClaim }) => scheduledClaim.yields > 0);
    for (const each of yielding) each.scheduledClaim = { ...each.scheduledClaim, yields: 0 };
    if (yielding.length > 0) this.advance();
  }

  /** Whether it could begin if only the modes were right. */
  private mayBegin(scheduledClaim: ScheduledClaim): boolean {
    const active = [...this.active];
    if (active.some(({ alone }) => alone)) return false;
    if (scheduledClaim.last && this.waiting.some((other) => !other.scheduledClaim.last)) return false;
    if (scheduledClaim.alone || scheduledClaim.last) return active.length === 0;
    const isYielding = ([mode, value]: [string, boolean]) =>
      (this.came.get(`${mode} ${value}`) ?? 0) <= scheduledClaim.yields;
    if (scheduledClaim.yields > 0 && Object.entries(scheduledClaim.starts).some(isYielding)) return false;
    return !active.some((each) => wouldWait(scheduledClaim, each));
  }

  private sharedChanges(): SharedChange[] {
    const askers = [...this.active].filter(({ doing }) => typeof doing === 'object');
    const due = askers.filter(({ doing }) => this.isDue(doing as Asked));
    const sharedChanges: SharedChange[] = [];
    const switched = new Set<ModeName>();
    for (const asker of due) {
      const { mode } = asker.doing as Asked;
      if (mode === undefined) sharedChanges.push(sharedChangeOf([asker]));
      else if (!switched.has(mode.name)) {
        switched.add(mode.name);
        sharedChanges.push(this.counted(mode.name, mode.value, sharedChangeOf(sharing(due, asker.doing as Asked))));
      }
    }
    return [...sharedChanges, ...this.establishments(switched)];
  }

  /** A switch is due when every claim that holds the mode asks for one. */
  private isDue({ mode }: Asked): boolean {
    if (mode === undefined) return true;
    return [...this.active].every(
      (each) => !holds(each, mode.name) || (typeof each.doing === 'object' && each.doing.mode?.name === mode.name),
    );
  }

  /** Switches of modes that nobody holds, for the first claims that could begin then. */
  private establishments(switched: ReadonlySet<ModeName>): SharedChange[] {
    const modes = this.dependencies.modes();
    const settled: ModeState = {};
    const isHeld = (mode: ModeName) => [...this.active].some((each) => holds(each, mode));
    const sharedChanges: SharedChange[] = [];
    for (const each of this.queue()) {
      const { starts, id } = each.scheduledClaim;
      const needed = MODES.filter((mode) => starts[mode] !== undefined);
      const isOpen = (mode: ModeName) => {
        if (switched.has(mode)) return false;
        const fixed = isHeld(mode) ? modes[mode] : (settled[mode] ?? starts[mode]);
        return fixed === starts[mode];
      };
      if (!this.mayBegin(each.scheduledClaim) || !needed.every(isOpen)) continue;
      for (const mode of needed) {
        const value = starts[mode] as boolean;
        if (settled[mode] === undefined && modes[mode] !== value)
          sharedChanges.push(this.establishment(each, mode, value, id));
        settled[mode] = value;
      }
      if (each.scheduledClaim.alone) break;
    }
    return sharedChanges;
  }

  private establishment(waiting: Waiting, mode: ModeName, value: boolean, id: string): SharedChange {
    const make = async () => {
      try {
        await this.dependencies.establish(mode, value, id);
      } catch (error) {
        waiting.trouble = error;
      }
    };
    return this.counted(mode, value, { askers: [], make });
  }

  private counted(mode: ModeName, value: boolean, { make, askers }: SharedChange): SharedChange {
    const key = `${mode} ${value}`;
    return {
      askers,
      make: async () => {
        await make();
        this.came.set(key, (this.came.get(key) ?? 0) + 1);
      },
    };
  }
}

function holds({ starts }: ScheduledClaim, mode: ModeName): boolean {
  return starts[mode] !== undefined;
}

/** Whether two claims could wait for each other: each holds the mode that the other switches, and neither asks for the same. */
function wouldWait(one: ScheduledClaim, other: ScheduledClaim): boolean {
  return MODES.some((mode) =>
    MODES.some(
      (another) =>
        mode !== another &&
        one.switches.includes(mode) &&
        other.switches.includes(another) &&
        holds(one, another) &&
        holds(other, mode),
    ),
  );
}

function holdsBoth(scheduledClaim: ScheduledClaim): boolean {
  return MODES.every((mode) => holds(scheduledClaim, mode));
}

/** Those that ask for the same switch as `asked`, or for it alone. */
function sharing(askers: Active[], asked: Asked): Active[] {
  const { mode } = asked;
  return askers.filter(({ doing }) => {
    if (doing === asked) return true;
    const other = (doing as Asked).mode;
    return mode !== undefined && other?.name === mode.name && other.value === mode.value;
  });
}

function sharedChangeOf(askers: Active[]): SharedChange {
  const [first] = askers.map(({ doing }) => doing as Asked);
  return { askers, make: () => first?.make(askers.map(({ id }) => id)) ?? Promise.resolve() };
}

function settle(askers: Active[], result: PromiseSettledResult<void>): void {
  for (const asker of askers) {
    // The run may have been ended meanwhile: then nobody asks any more.
    if (typeof asker.doing !== 'object') continue;
    const { resolve, reject } = asker.doing;
    asker.doing = 'working';
    if (result.status === 'fulfilled') resolve();
    else reject(result.reason);
  }
}
