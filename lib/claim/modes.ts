import type { Mesh, ModeName } from '../mesh/mesh.ts';
import type { Changes } from './changes.ts';
import type { ModeState } from './declare.ts';

const MODES: ModeName[] = ['permissive', 'egress'];

/** The mesh's modes as the run last set them. None is assumed: the first need of a mode sets it. */
export class Modes {
  private readonly mesh: Mesh;
  private readonly changes: Changes;
  private readonly state: ModeState = {};
  private readonly before: (mode: ModeName, value: boolean) => Promise<void>;

  /** @param before called ahead of each switch, so that a live cluster's setting is written down first */
  constructor(mesh: Mesh, changes: Changes, before: (mode: ModeName, value: boolean) => Promise<void>) {
    this.mesh = mesh;
    this.changes = changes;
    this.before = before;
  }

  get current(): Readonly<ModeState> {
    return this.state;
  }

  /** Switches what differs. */
  async establish(wanted: ModeState, claim?: string): Promise<void> {
    for (const mode of MODES) {
      const value = wanted[mode];
      if (value !== undefined && this.state[mode] !== value) await this.switch(mode, value, claim);
    }
  }

  async switch(mode: ModeName, value: boolean, claim?: string): Promise<void> {
    await this.before(mode, value);
    delete this.state[mode];
    await this.changes.make(
      {
        what: `switch ${mode} ${value ? 'on' : 'off'}`,
        budget: this.mesh.budget(mode),
        mode: { name: mode, value },
        ...(claim === undefined ? {} : { claim }),
      },
      () => this.mesh.switchMode(mode, value),
    );
    this.state[mode] = value;
  }
}
