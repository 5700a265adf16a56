import type { Cluster, Manifest } from '../cluster/cluster.ts';
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

  constructor(parts: { cluster: Cluster; mesh: Mesh; changes: Changes }) {
    this.cluster = parts.cluster;
    this.mesh = parts.mesh;
    this.changes = parts.changes;
  }

  async apply(request: AllowRequest, part: PolicyPart, claim: string): Promise<void> {
    const objects = this.mesh.allow(request);
    this.made.set(request.name, objects);
    const chosen = select(objects, part);
    for (const object of chosen) this.present.set(keyOf(object), object);
    await this.change(`allow ${request.name}${suffix(part)}`, claim, chosen, (object) => this.cluster.apply(object));
  }

  async delete(name: string, part: PolicyPart, claim: string): Promise<void> {
    const objects = this.made.get(name);
    if (objects === undefined) throw new Error(`the claim made no policy called "${name}"`);
    // The target first: a target without its route is the more surprising state.
    await this.remove(`delete ${name}${suffix(part)}`, claim, select(objects, part).reverse());
  }

  /** Removes what is left of all policies. */
  async clear(claim: string): Promise<void> {
    const left = [...this.present.values()].reverse();
    if (left.length > 0) await this.remove("delete the claim's policies", claim, left);
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
    await this.changes.make({ what, budget: this.mesh.budget('policy'), claim }, async () => {
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
