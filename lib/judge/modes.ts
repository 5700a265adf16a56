import type { Cluster } from '../kube/cluster.ts';
import type { Mesh, ModeName } from '../mesh/mesh.ts';
import type { Changes } from './changes.ts';
import type { ClusterObserver } from './cluster-observer.ts';
import type { ModeState } from './declare.ts';
import { DriftDetector } from './drift-detector.ts';

const MODES: ModeName[] = ['permissive', 'egress'];

export interface ModesDependencies {
  cluster: Cluster;
  mesh: Mesh;
  changes: Changes;
  observer: ClusterObserver;
  /** Called ahead of each switch, so that a live cluster's setting is written down first. */
  before(mode: ModeName, value: boolean): Promise<void>;
}

/** The mesh's modes as the run last set them. None is assumed: the first need of a mode sets it. */
export class Modes {
  private readonly dependencies: ModesDependencies;
  private readonly guard: DriftDetector;
  private readonly state: ModeState = {};

  constructor(dependencies: ModesDependencies) {
    this.dependencies = dependencies;
    this.guard = new DriftDetector(dependencies.cluster, dependencies.mesh, (mode, what) => {
      delete this.state[mode];
      dependencies.observer.disturb(`setting ${mode}`, what);
      dependencies.observer.disturb(`setting ${mode}`, undefined);
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
    const { mesh, changes, before } = this.dependencies;
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
    const { mesh, changes } = this.dependencies;
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
