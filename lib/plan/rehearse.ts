import type { DeclaredClaim, ModeState } from '../claim/declare.ts';
import { Lanes } from '../claim/lanes.ts';
import { Rounds } from '../claim/rounds.ts';
import type { Call, Footprint } from '../claim/script.ts';
import { TIMING } from '../claim/timing.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A claim and what its body asks for. */
export interface Scripted<C extends DeclaredClaim = DeclaredClaim> {
  claim: C;
  script: readonly Call[];
  footprint: Footprint;
  /** How often it leaves the modes that it starts from to others. */
  yields?: number;
}

/** Changes that are made together, and the claims that begin after them. */
export interface RehearsedRound {
  changes: string[];
  begin: string[];
}

export interface Rehearsal {
  rounds: RehearsedRound[];
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
 * @param apps every client's name, so that the lanes are known
 */
export async function rehearse(claims: readonly Scripted[], apps: readonly string[]): Promise<Rehearsal> {
  const stage = new Stage(apps);
  await stage.clock.run(Promise.all(claims.map((each, i) => stage.perform(each, i, i < claims.length - 1))));
  return { rounds: stage.rounds, switches: stage.switches, seconds: stage.clock.now };
}

class Stage {
  readonly clock = new VirtualClock();
  readonly rounds: RehearsedRound[] = [];
  switches = 0;
  private readonly modes: ModeState = {};
  private readonly switchedAt: Record<string, number> = {};
  private readonly stage: Rounds;
  private changedAt = -1;

  constructor(apps: readonly string[]) {
    this.stage = new Rounds({
      lanes: new Lanes(apps),
      modes: () => this.modes,
      establish: async (mode, value) => this.switch(mode, value),
    });
  }

  async perform({ claim, script, footprint, yields = 0 }: Scripted, place: number, more: boolean): Promise<void> {
    const { id, starts = {}, last = false } = claim;
    const member = await this.stage.enter({ id, place, starts, last, ...footprint, yields }, more);
    this.present().begin.push(id);
    let acts = Math.max(0, ...Object.keys(starts).map((mode) => (this.switchedAt[mode] ?? 0) + ACTS_S));
    const made = new Set<string>();
    const change = async (wish: Parameters<Rounds['ask']>[1]) => {
      await this.stage.ask(member, wish);
      acts = this.clock.now + ACTS_S;
    };
    for (const call of script) {
      if (call.method === 'expect') await this.clock.until(Math.max(this.clock.now, acts) + costOf(call.params.size));
      if (call.method === 'reinstall') {
        Object.assign(this.modes, call.params.modes);
        await this.clock.until(this.clock.now + REINSTALL_S);
      }
      if (call.method === 'stayed') {
        const over = (this.switchedAt[call.params.mode] ?? 0) + ACTS_S + TIMING.vigilHoldMs / 1000;
        await this.stage.watch(member, () => this.clock.until(over));
      }
      if (call.method === 'mode') {
        const { mode: name, value } = call.params;
        await change({ mode: { name, value }, make: async () => this.switch(name, value) });
      }
      if (call.method === 'allow') {
        const { policies, part } = call.params;
        for (const { name } of policies) for (const each of partsOf(part)) made.add(`${name} ${each}`);
        const names = policies.map(({ name }) => name);
        await change({ make: async () => this.note(`allow ${names.join(', ')}${suffix(part)}`) });
      }
      if (call.method === 'remove') {
        const { names, part } = call.params;
        for (const name of names) for (const each of partsOf(part)) made.delete(`${name} ${each}`);
        await change({ make: async () => this.note(`delete ${names.join(', ')}${suffix(part)}`) });
      }
    }
    if (made.size > 0) await change({ make: async () => this.note(`delete what ${id} made`) });
    this.stage.leave(member);
  }

  private switch(mode: 'permissive' | 'egress', value: boolean): void {
    this.note(`switch ${mode} ${value ? 'on' : 'off'}`);
    this.modes[mode] = value;
    this.switchedAt[mode] = this.clock.now;
    this.switches += 1;
  }

  /** Changes of the same moment are one round's. */
  private note(change: string): void {
    const isSameRound = this.clock.now === this.changedAt && this.present().begin.length === 0;
    if (!isSameRound && this.rounds.length > 0) this.rounds.push({ changes: [], begin: [] });
    this.changedAt = this.clock.now;
    this.present().changes.push(change);
  }

  private present(): RehearsedRound {
    const present = this.rounds.at(-1) ?? { changes: [], begin: [] };
    if (this.rounds.length === 0) this.rounds.push(present);
    return present;
  }
}

function costOf(size: 'given' | 'expect' | 'at-length'): number {
  return { given: GIVEN_S, expect: HOLD_S, 'at-length': LENGTH_S }[size];
}

function partsOf(part: 'route' | 'target' | 'all'): string[] {
  return part === 'all' ? ['route', 'target'] : [part];
}

function suffix(part: 'route' | 'target' | 'all'): string {
  return part === 'all' ? '' : ` (${part} only)`;
}
