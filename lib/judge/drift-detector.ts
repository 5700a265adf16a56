import { isDeepStrictEqual } from 'node:util';
import type { Cluster, Stop } from '../kube/cluster.ts';
import { valueAt } from '../mesh/index.ts';
import { type Mesh, type ModeName, modeNames, type Setting } from '../mesh/mesh.ts';

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
