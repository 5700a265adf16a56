import { isDeepStrictEqual } from 'node:util';
import type { Cluster, Stop } from '../kube/cluster.ts';
import { valueAt } from '../mesh/index.ts';
import { type Mesh, type ModeName, type ModeState, modeNames, type Setting } from '../mesh/mesh.ts';
import type { Changes } from './changes.ts';
import type { ClusterObserver } from './cluster-observer.ts';

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
  readonly current: ModeState = {};

  constructor(dependencies: ModesDependencies) {
    this.dependencies = dependencies;
    this.driftDetector = new DriftDetector(dependencies.cluster, dependencies.mesh, (mode, what) => {
      delete this.current[mode];
      dependencies.observer.setFault(`setting ${mode}`, what);
      dependencies.observer.setFault(`setting ${mode}`, undefined);
    });
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
    this.current[mode] = value;
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
      this.current[mode] = value;
    }
    for (const mode of modeNames) await this.driftDetector.expect(mode);
  }

  close(): void {
    this.driftDetector.close();
  }

  private forget(mode: ModeName): void {
    delete this.current[mode];
    this.driftDetector.release(mode);
  }
}

/**
 * Notices when another client changes a mode's setting: what is observed then says nothing about the mesh.
 * It reads the right value from the cluster after each switch, and so need not know how a mesh writes it.
 */
export class DriftDetector {
  private readonly cluster: Cluster;
  private readonly mesh: Mesh;
  private readonly changed: (mode: ModeName, what: string) => void;
  private readonly values = new Map<ModeName, unknown>();
  private readonly subscriptions: Stop[] = [];

  /** @param changed called once for each change from outside */
  constructor(cluster: Cluster, mesh: Mesh, changed: (mode: ModeName, what: string) => void) {
    this.cluster = cluster;
    this.mesh = mesh;
    this.changed = changed;
    for (const mode of modeNames) {
      const setting = mesh.setting(mode);
      if (setting !== undefined) this.follow(mode, setting);
    }
  }

  /** A switch is about to be made: accept whatever the setting becomes. */
  release(mode: ModeName): void {
    this.values.delete(mode);
  }

  /** The switch has been made: from now on the setting must stay as it is. */
  async expect(mode: ModeName): Promise<void> {
    const setting = this.mesh.setting(mode);
    if (setting !== undefined) this.values.set(mode, valueAt(await this.cluster.get(setting.ref), setting.path));
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.stop();
  }

  private follow(mode: ModeName, setting: Setting): void {
    const { apiVersion, kind, namespace, name } = setting.ref;
    const selection = {
      apiVersion,
      kind,
      fieldSelector: `metadata.name=${name}`,
      ...(namespace === undefined ? {} : { namespace }),
    };
    this.subscriptions.push(
      this.cluster.watch(selection, {
        event: ({ type, object }) => {
          const value = type === 'DELETED' ? undefined : valueAt(object, setting.path);
          if (this.differs(mode, value)) void this.look(mode, setting);
        },
      }),
    );
  }

  /** An event can be older than the last switch; what the server has now cannot. */
  private async look(mode: ModeName, setting: Setting): Promise<void> {
    try {
      const value = valueAt(await this.cluster.get(setting.ref), setting.path);
      if (!this.differs(mode, value)) return;
      this.values.delete(mode);
      const { kind, name } = setting.ref;
      this.changed(mode, `another client set ${kind} ${name} ${setting.path.join('.')} to ${JSON.stringify(value)}`);
    } catch (error) {
      this.values.delete(mode);
      this.changed(mode, `the setting of ${mode} cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  }

  private differs(mode: ModeName, value: unknown): boolean {
    return this.values.has(mode) && !isDeepStrictEqual(this.values.get(mode), value);
  }
}
