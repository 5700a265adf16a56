import type { ModeName } from '../mesh/mesh.ts';
import type { ClaimRun } from './claim-run.ts';
import type { ModeState } from './declare.ts';
import type { EngineDependencies } from './dependencies.ts';
import { Inconclusive } from './errors.ts';
import type { Recovery } from './recovery.ts';

export interface SwitchesOptions {
  /** Replaces the pods of the enrolled fixtures. */
  restart(): Promise<void>;
  /** Removes the mesh, installs it with these modes, and enrols the fixtures anew. */
  reinstall(modes: Required<ModeState>): Promise<void>;
}

/** Switches of modes in the ways that meshes have: hot, by new pods, by a new installation. */
export class Switches {
  private readonly dependencies: EngineDependencies;
  private readonly recovery: Recovery;
  private readonly options: SwitchesOptions;

  constructor(dependencies: EngineDependencies, recovery: Recovery, options: SwitchesOptions) {
    this.dependencies = dependencies;
    this.recovery = recovery;
    this.options = options;
  }

  /** @param runs whose pods are replaced, where the mode acts only so */
  async switch(mode: ModeName, value: boolean, claims: readonly string[], runs: readonly ClaimRun[]): Promise<void> {
    const { modes, mesh } = this.dependencies;
    const effect = mesh.effect?.(mode) ?? 'hot';
    if (effect === 'hot') return modes.switch(mode, value, claims);
    for (const run of runs) await run.succeed();
    if (effect === 'restart') {
      return this.replacing(() => modes.switch(mode, value, claims, () => this.options.restart()));
    }
    const all = { permissive: true, egress: true, ...modes.current, [mode]: value };
    return this.replacing(() => modes.install(all, claims, () => this.options.reinstall(all)));
  }

  async reinstall(run: ClaimRun, modes: Required<ModeState>): Promise<void> {
    await run.renew();
    await this.replacing(() =>
      this.dependencies.modes.install(modes, [run.claim.id], () => this.options.reinstall(modes)),
    );
  }

  /** Does what replaces pods on purpose, and waits until all is whole again. @throws Broken */
  private async replacing(work: () => Promise<void>): Promise<void> {
    const { observer } = this.dependencies;
    let isWhole = false;
    await observer.onPurpose(async () => {
      await work();
      isWhole = await this.recovery.untilWhole();
    });
    if (!isWhole) throw new Inconclusive(`the fixtures did not come up again: ${observer.troubles.join('; ')}`);
  }
}
