import type { Cluster } from '../kube/cluster.ts';
import { type Mesh, type ModeName, type ModeState, modeNames } from '../mesh/mesh.ts';
import type { Changes } from './changes.ts';
import type { ClusterObserver } from './cluster-observer.ts';
import { DriftDetector } from './drift-detector.ts';

interface ModesDependencies {
  cluster: Cluster;
  mesh: Mesh;
  changes: Changes;
  observer: ClusterObserver;
  /** Called before each switch, so that a live cluster's setting is written down first. */
  beforeSwitch(mode: ModeName, value: boolean): Promise<void>;
}

/** The mesh's modes as the run last set them. None is assumed: the first claim that needs a mode sets it. */
export class Modes {
  private readonly dependencies: ModesDependencies;
  private readonly driftDetector: DriftDetector;
  private readonly state: ModeState = {};

  constructor(dependencies: ModesDependencies) {
    this.dependencies = dependencies;
    this.driftDetector = new DriftDetector(dependencies.cluster, dependencies.mesh, (mode, what) => {
      delete this.state[mode];
      dependencies.observer.setFault(`setting ${mode}`, what);
      dependencies.observer.setFault(`setting ${mode}`, undefined);
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
    const { mesh, changes, beforeSwitch } = this.dependencies;
    await beforeSwitch(mode, value);
    this.forget(mode);
    const what = `switch ${mode} ${value ? 'on' : 'off'}`;
    await changes.make({ what, budget: mesh.budget(mode), mode: { name: mode, value }, claims }, async () => {
      const steps = await mesh.switchMode(mode, value);
      await afterwards?.();
      return steps;
    });
    this.state[mode] = value;
    await this.driftDetector.expect(mode);
  }

  /** Installs the mesh anew with these modes: one change for each mode, of which the first carries it out. */
  async install(modes: Required<ModeState>, claims: readonly string[], carryOut: () => Promise<void>): Promise<void> {
    const { mesh, changes } = this.dependencies;
    for (const mode of modeNames) this.forget(mode);
    for (const [i, mode] of modeNames.entries()) {
      const value = modes[mode];
      const what = `install with ${mode} ${value ? 'on' : 'off'}`;
      await changes.make({ what, budget: mesh.budget(mode), mode: { name: mode, value }, claims }, async () => {
        if (i === 0) await carryOut();
        return [];
      });
      this.state[mode] = value;
    }
    for (const mode of modeNames) await this.driftDetector.expect(mode);
  }

  close(): void {
    this.driftDetector.close();
  }

  private forget(mode: ModeName): void {
    delete this.state[mode];
    this.driftDetector.release(mode);
  }
}
