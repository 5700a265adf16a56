import { Batches, type ChangeRequest } from '../judge/batches.ts';
import type { PlannedClaim } from '../judge/claim.ts';
import { FixtureSets } from '../judge/fixture-sets.ts';
import { TIMING } from '../judge/timing.ts';
import type { ModeName, ModeState } from '../mesh/mesh.ts';

/** Changes that are made together, and the claims that begin after them. */
export interface SimulatedBatch {
  changes: string[];
  begin: string[];
}

export interface Simulation {
  batches: SimulatedBatch[];
  /** Switches of modes, those inside claims too. */
  switches: number;
  /** Roughly, on a mesh that needs two seconds to act. */
  seconds: number;
}

/** Roughly what things take, s. */
const ESTIMATE = { acts: 2, given: 0.2, expect: 1, soak: 10, stability: TIMING.stabilityMs / 1000, reinstall: 60 };

/**
 * Works out how claims would be judged side by side, in this order, if every expectation were met: which changes are made
 * together, and how often modes are switched.
 * @param fixtures the names of the fixtures that the mesh enrols
 */
export async function simulate(claims: readonly PlannedClaim[], fixtures: readonly string[]): Promise<Simulation> {
  const run = new SimulatedRun(claims, fixtures);
  await run.clock.run(Promise.all(claims.map((each, i) => run.perform(each, i < claims.length - 1))));
  return { batches: run.batches, switches: run.switches, seconds: run.clock.now };
}

class SimulatedRun {
  readonly clock = new VirtualClock();
  readonly batches: SimulatedBatch[] = [];
  switches = 0;
  private readonly modes: ModeState = {};
  private readonly switchedAt: Partial<Record<ModeName, number>> = {};
  private readonly scheduler: Batches;
  private changedAt = -1;

  constructor(claims: readonly PlannedClaim[], fixtures: readonly string[]) {
    const isChecking = claims.some(({ claim }) => claim.stabilityCheck !== undefined);
    this.scheduler = new Batches({
      fixtureSets: new FixtureSets(fixtures, isChecking),
      placeOf: (planned) => claims.indexOf(planned),
      modes: () => this.modes,
      establish: async (mode, value) => this.switch(mode, value),
    });
  }

  async perform(planned: PlannedClaim, more: boolean): Promise<void> {
    const { claim, script } = planned;
    await this.scheduler.enter(planned, more);
    this.present().begin.push(claim.id);
    const actsAt = (mode: ModeName) => (this.switchedAt[mode] ?? 0) + ESTIMATE.acts;
    let acts = Math.max(0, ...(Object.keys(claim.starts ?? {}) as ModeName[]).map(actsAt));
    const made = new Set<string>();
    const change = async (changeRequest: ChangeRequest) => {
      await this.scheduler.ask(planned, changeRequest);
      acts = this.clock.now + ESTIMATE.acts;
    };
    for (const call of script) {
      if (call.method === 'expect') {
        const { size } = call.params;
        const over = () => this.clock.until(Math.max(this.clock.now, acts) + ESTIMATE[size]);
        await (size === 'stability' ? this.scheduler.waitFor(planned, over) : over());
      }
      if (call.method === 'reinstall') {
        Object.assign(this.modes, call.params.modes);
        await this.clock.until(this.clock.now + ESTIMATE.reinstall);
      }
      if (call.method === 'stayed') {
        const over = actsAt(call.params.mode) + TIMING.stabilityMs / 1000;
        await this.scheduler.waitFor(planned, () => this.clock.until(over));
      }
      if (call.method === 'mode') {
        const { mode: name, value } = call.params;
        await change({ mode: { name, value }, make: async () => this.switch(name, value) });
      }
      if (call.method === 'replace')
        await change({ make: async () => this.note('replace', [`the pod of ${call.params.fixture}`]) });
      if (call.method === 'allow') {
        const { policies, part } = call.params;
        const names = policies.map(({ name }) => name);
        for (const object of objectsOf(names, part)) made.add(object);
        await change({ make: async () => this.note('allow', names, part) });
      }
      if (call.method === 'remove') {
        const { names, part } = call.params;
        for (const object of objectsOf(names, part)) made.delete(object);
        await change({ make: async () => this.note('delete', names, part) });
      }
    }
    if (made.size > 0) await change({ make: async () => this.note('delete', [`what ${claim.id} made`]) });
    this.scheduler.leave(planned);
  }

  private switch(mode: ModeName, value: boolean): void {
    this.note('switch', [`${mode} ${value ? 'on' : 'off'}`]);
    this.modes[mode] = value;
    this.switchedAt[mode] = this.clock.now;
    this.switches += 1;
  }

  /** Changes of the same moment belong to one batch. */
  private note(verb: string, names: string[], part: Part = 'all'): void {
    const isSameBatch = this.clock.now === this.changedAt && this.present().begin.length === 0;
    if (!isSameBatch && this.batches.length > 0) this.batches.push({ changes: [], begin: [] });
    this.changedAt = this.clock.now;
    this.present().changes.push(`${verb} ${names.join(', ')}${part === 'all' ? '' : ` (${part} only)`}`);
  }

  private present(): SimulatedBatch {
    const present = this.batches.at(-1) ?? { changes: [], begin: [] };
    if (this.batches.length === 0) this.batches.push(present);
    return present;
  }
}

type Part = 'route' | 'target' | 'all';

function objectsOf(names: readonly string[], part: Part): string[] {
  const deleted = part === 'all' ? ['route', 'target'] : [part];
  return names.flatMap((name) => deleted.map((each) => `${name} ${each}`));
}

/** Seconds that pass only when nothing else is left to do, so that a simulation takes no time. */
class VirtualClock {
  private time = 0;
  private waiting: { at: number; wake(): void }[] = [];

  get now(): number {
    return this.time;
  }

  until(at: number): Promise<void> {
    return new Promise((wake) => this.waiting.push({ at: Math.max(at, this.time), wake }));
  }

  /** Lets time pass until the work is done. @throws Error where it waits for something that no time brings */
  async run(work: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver) {
        await over;
        return;
      }
      const next = Math.min(...this.waiting.map(({ at }) => at));
      if (next === Number.POSITIVE_INFINITY) throw new Error('the simulation waits for something that never comes');
      this.time = next;
      const due = this.waiting.filter(({ at }) => at <= next);
      this.waiting = this.waiting.filter(({ at }) => at > next);
      for (const { wake } of due) wake();
    }
  }
}
