import { Batches } from '../judge/batches.ts';
import { ClientSets } from '../judge/client-sets.ts';
import type { DeclaredClaim, ModeState } from '../judge/declare.ts';
import type { Call, ResourceUse } from '../judge/script.ts';
import { TIMING } from '../judge/timing.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A claim and what its body asks for. */
export interface Scripted<C extends DeclaredClaim = DeclaredClaim> {
  claim: C;
  script: readonly Call[];
  resourceUse: ResourceUse;
  /** How often it leaves the modes that it starts from to others. */
  yields?: number;
}

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

/** What things take, roughly, s. */
const ACTS_S = 2;
const GIVEN_S = 0.2;
const HOLD_S = 1;
const LENGTH_S = 10;
const REINSTALL_S = 60;

/**
 * Works out how claims would be judged side by side, in this order, if every expectation were met: which changes are made
 * together, and how often modes are switched.
 * @param apps every client's name, so that the client sets are known
 */
export async function simulate(claims: readonly Scripted[], apps: readonly string[]): Promise<Simulation> {
  const stage = new Stage(apps);
  await stage.clock.run(Promise.all(claims.map((each, i) => stage.perform(each, i, i < claims.length - 1))));
  return { batches: stage.batches, switches: stage.switches, seconds: stage.clock.now };
}

class Stage {
  readonly clock = new VirtualClock();
  readonly batches: SimulatedBatch[] = [];
  switches = 0;
  private readonly modes: ModeState = {};
  private readonly switchedAt: Record<string, number> = {};
  private readonly stage: Batches;
  private changedAt = -1;

  constructor(apps: readonly string[]) {
    this.stage = new Batches({
      clientSets: new ClientSets(apps),
      modes: () => this.modes,
      establish: async (mode, value) => this.switch(mode, value),
    });
  }

  async perform({ claim, script, resourceUse, yields = 0 }: Scripted, place: number, more: boolean): Promise<void> {
    const { id, starts = {}, last = false } = claim;
    const runningClaim = await this.stage.enter({ id, place, starts, last, ...resourceUse, yields }, more);
    this.present().begin.push(id);
    let acts = Math.max(0, ...Object.keys(starts).map((mode) => (this.switchedAt[mode] ?? 0) + ACTS_S));
    const made = new Set<string>();
    const change = async (changeRequest: Parameters<Batches['ask']>[1]) => {
      await this.stage.ask(runningClaim, changeRequest);
      acts = this.clock.now + ACTS_S;
    };
    for (const call of script) {
      if (call.method === 'expect') await this.clock.until(Math.max(this.clock.now, acts) + costOf(call.params.size));
      if (call.method === 'reinstall') {
        Object.assign(this.modes, call.params.modes);
        await this.clock.until(this.clock.now + REINSTALL_S);
      }
      if (call.method === 'stayed') {
        const over = (this.switchedAt[call.params.mode] ?? 0) + ACTS_S + TIMING.stabilityCheckHoldMs / 1000;
        await this.stage.watch(runningClaim, () => this.clock.until(over));
      }
      if (call.method === 'mode') {
        const { mode: name, value } = call.params;
        await change({ mode: { name, value }, make: async () => this.switch(name, value) });
      }
      if (call.method === 'allow') {
        const { policies, part } = call.params;
        for (const { name } of policies) for (const each of dependenciesOf(part)) made.add(`${name} ${each}`);
        const names = policies.map(({ name }) => name);
        await change({ make: async () => this.note(`allow ${names.join(', ')}${suffix(part)}`) });
      }
      if (call.method === 'remove') {
        const { names, part } = call.params;
        for (const name of names) for (const each of dependenciesOf(part)) made.delete(`${name} ${each}`);
        await change({ make: async () => this.note(`delete ${names.join(', ')}${suffix(part)}`) });
      }
    }
    if (made.size > 0) await change({ make: async () => this.note(`delete what ${id} made`) });
    this.stage.leave(runningClaim);
  }

  private switch(mode: 'permissive' | 'egress', value: boolean): void {
    this.note(`switch ${mode} ${value ? 'on' : 'off'}`);
    this.modes[mode] = value;
    this.switchedAt[mode] = this.clock.now;
    this.switches += 1;
  }

  /** Changes of the same moment are one round's. */
  private note(change: string): void {
    const isSameBatch = this.clock.now === this.changedAt && this.present().begin.length === 0;
    if (!isSameBatch && this.batches.length > 0) this.batches.push({ changes: [], begin: [] });
    this.changedAt = this.clock.now;
    this.present().changes.push(change);
  }

  private present(): SimulatedBatch {
    const present = this.batches.at(-1) ?? { changes: [], begin: [] };
    if (this.batches.length === 0) this.batches.push(present);
    return present;
  }
}

function costOf(size: 'given' | 'expect' | 'at-length'): number {
  return { given: GIVEN_S, expect: HOLD_S, 'at-length': LENGTH_S }[size];
}

function dependenciesOf(part: 'route' | 'target' | 'all'): string[] {
  return part === 'all' ? ['route', 'target'] : [part];
}

function suffix(part: 'route' | 'target' | 'all'): string {
  return part === 'all' ? '' : ` (${part} only)`;
}
