import type { Cluster, Manifest } from '../kube/cluster.ts';
import type { AllowObjects, AllowRequest, Mesh } from '../mesh/mesh.ts';
import type { Changes } from './changes.ts';

/** Which of a policy's objects: what is allowed (`route`), to whom (`target`), or all. */
export type PolicyPart = 'route' | 'target' | 'all';

/** The policies that a claim has made, all removed when it ends. */
export class Policies {
  private readonly cluster: Cluster;
  private readonly mesh: Mesh;
  private readonly changes: Changes;
  private readonly made = new Map<string, AllowObjects>();
  private readonly present = new Map<string, Manifest>();

  constructor(dependencies: { cluster: Cluster; mesh: Mesh; changes: Changes }) {
    this.cluster = dependencies.cluster;
    this.mesh = dependencies.mesh;
    this.changes = dependencies.changes;
  }

  /** Makes all of them in one change. */
  async apply(requests: readonly AllowRequest[], part: PolicyPart, claim: string): Promise<void> {
    const chosen = requests.flatMap((request) => {
      const objects = this.mesh.allow(request);
      this.made.set(request.name, objects);
      return select(objects, part);
    });
    for (const object of chosen) this.present.set(keyOf(object), object);
    const what = `allow ${requests.map(({ name }) => name).join(', ')}${suffix(part)}`;
    await this.change(what, claim, chosen, (object) => this.cluster.apply(object));
  }

  async delete(names: readonly string[], part: PolicyPart, claim: string): Promise<void> {
    const chosen = names.flatMap((name) => {
      const objects = this.made.get(name);
      if (objects === undefined) throw new Error(`the claim made no policy called "${name}"`);
      // The target first: a target without its route is the more surprising state.
      return select(objects, part).reverse();
    });
    await this.remove(`delete ${names.join(', ')}${suffix(part)}`, claim, chosen);
  }

  /** Whether any of them is, or may be, on the cluster. */
  get areLeft(): boolean {
    return this.present.size > 0;
  }

  /** Removes what is left of all policies. */
  async clear(claim: string): Promise<void> {
    await this.remove("delete the claim's policies", claim, [...this.present.values()].reverse());
  }

  private async remove(what: string, claim: string, objects: Manifest[]): Promise<void> {
    await this.change(what, claim, objects, async (object) => {
      await this.cluster.delete({
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name,
        ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
      });
      this.present.delete(keyOf(object));
    });
  }

  private async change(
    what: string,
    claim: string,
    objects: Manifest[],
    act: (object: Manifest) => Promise<unknown>,
  ): Promise<void> {
    await this.changes.make({ what, budget: this.mesh.budget('policy'), claims: [claim] }, async () => {
      for (const object of objects) await act(object);
      return objects.map((object) => ({ [what.split(' ')[0] ?? 'change']: object }));
    });
  }
}

function select({ route, target }: AllowObjects, part: PolicyPart): Manifest[] {
  return { route, target, all: [...route, ...target] }[part];
}

function suffix(part: PolicyPart): string {
  return part === 'all' ? '' : ` (${part} only)`;
}

function keyOf({ apiVersion, kind, metadata }: Manifest): string {
  return [apiVersion, kind, metadata.namespace, metadata.name].join(' ');
}
