import type { ModeName, ModeState } from '../mesh/mesh.ts';
import type { Attempt } from './attempt.ts';
import type { Dependencies } from './dependencies.ts';
import type { Recovery } from './recovery.ts';
import { Inconclusive } from './verdict.ts';

export interface SwitchesOptions {
  /** Replaces the pods of the enrolled fixtures. */
  restart(): Promise<void>;
  /** Removes the mesh, installs it with these modes, and enrols the fixtures anew. */
  reinstall(modes: Required<ModeState>): Promise<void>;
}

/** Switches modes in the ways that meshes have: hot, by new pods, by a new installation. */
export class Switches {
  private readonly dependencies: Dependencies;
  private readonly recovery: Recovery;
  private readonly options: SwitchesOptions;

  constructor(dependencies: Dependencies, recovery: Recovery, options: SwitchesOptions) {
    this.dependencies = dependencies;
    this.recovery = recovery;
    this.options = options;
  }

  /** @param attempts whose pods are replaced, where the mode acts only so */
  async switch(mode: ModeName, value: boolean, claims: readonly string[], attempts: readonly Attempt[]): Promise<void> {
    const { modes, mesh } = this.dependencies;
    const effect = mesh.effect?.(mode) ?? 'hot';
    if (effect === 'hot') return modes.switch(mode, value, claims);
    for (const attempt of attempts) await attempt.continueOnNewPods();
    if (effect === 'restart')
      return this.replacingPods(() => modes.switch(mode, value, claims, () => this.options.restart()));
    const all = { permissive: true, egress: true, ...modes.current, [mode]: value };
    return this.replacingPods(() => modes.install(all, claims, () => this.options.reinstall(all)));
  }

  async reinstall(attempt: Attempt, modes: Required<ModeState>): Promise<void> {
    await attempt.beginOnNewPods();
    await this.replacingPods(() =>
      this.dependencies.modes.install(modes, [attempt.id], () => this.options.reinstall(modes)),
    );
  }

  /** Does what replaces pods on purpose, and waits until all fixtures are up again. @throws Inconclusive */
  private async replacingPods(work: () => Promise<void>): Promise<void> {
    const { observer } = this.dependencies;
    let isWhole = false;
    await observer.onPurpose(async () => {
      await work();
      isWhole = await this.recovery.untilWhole();
    });
    if (!isWhole) throw new Inconclusive(`the fixtures did not come up again: ${observer.faults.join('; ')}`);
  }
}
