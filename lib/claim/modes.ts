import type { Cluster } from '../cluster/cluster.ts';
import type { Mesh, ModeName } from '../mesh/mesh.ts';
import type { Changes } from './changes.ts';
import type { ModeState } from './declare.ts';
import { SettingGuard } from './setting-guard.ts';
import type { World } from './world.ts';

const MODES: ModeName[] = ['permissive', 'egress'];

export interface ModesParts {
  cluster: Cluster;
  mesh: Mesh;
  changes: Changes;
  world: World;
  /** Called ahead of each switch, so that a live cluster's setting is written down first. */
  before(mode: ModeName, value: boolean): Promise<void>;
}

/** The mesh's modes as the run last set them. None is assumed: the first need of a mode sets it. */
export class Modes {
  private readonly parts: ModesParts;
  private readonly guard: SettingGuard;
  private readonly state: ModeState = {};

  constructor(parts: ModesParts) {
    this.parts = parts;
    this.guard = new SettingGuard(parts.cluster, parts.mesh, (mode, what) => {
      delete this.state[mode];
      parts.world.disturb(`setting ${mode}`, what);
      parts.world.disturb(`setting ${mode}`, undefined);
    });
  }

  get current(): Readonly<ModeState> {
    return this.state;
  }

  /** @param afterwards what has to be done after the mesh's own steps for the switch to act */
  async switch(
    mode: ModeName,
    value: boolean,
    claims: readonly string[],
    afterwards?: () => Promise<void>,
  ): Promise<void> {
    const { mesh, changes, before } = this.parts;
    await before(mode, value);
    delete this.state[mode];
    this.guard.release(mode);
    await changes.make(
      {
        what: `switch ${mode} ${value ? 'on' : 'off'}`,
        budget: mesh.budget(mode),
        mode: { name: mode, value },
        claims,
      },
      async () => {
        const steps = await mesh.switchMode(mode, value);
        await afterwards?.();
        return steps;
      },
    );
    this.state[mode] = value;
    await this.guard.hold(mode);
  }

  /** Has the mesh installed anew with these modes. */
  async install(modes: Required<ModeState>, claims: readonly string[], carryOut: () => Promise<void>): Promise<void> {
    const { mesh, changes } = this.parts;
    for (const mode of MODES) {
      delete this.state[mode];
      this.guard.release(mode);
    }
    let installed = async () => {
      await carryOut();
      return [];
    };
    for (const mode of MODES) {
      const what = `install with ${mode} ${modes[mode] ? 'on' : 'off'}`;
      await changes.make(
        { what, budget: mesh.budget(mode), mode: { name: mode, value: modes[mode] }, claims },
        installed,
      );
      installed = async () => [];
      this.state[mode] = modes[mode];
    }
    for (const mode of MODES) await this.guard.hold(mode);
  }

  close(): void {
    this.guard.close();
  }
}
