import { type Manifest, referenceOf } from '../kube/cluster.ts';
import type { AllowObjects, AllowRequest } from '../mesh/mesh.ts';
import type { Dependencies } from './dependencies.ts';

/** Which of a policy's objects: what is allowed (`route`), to whom (`target`), or all. */
export type PolicyPart = 'route' | 'target' | 'all';

/** The policies that a claim has made. All of them are removed when it ends. */
export class Policies {
  private readonly dependencies: Pick<Dependencies, 'cluster' | 'mesh' | 'changes'>;
  private readonly claim: string;
  private readonly made = new Map<string, AllowObjects>();
  private readonly present = new Map<string, Manifest>();

  /** @param claim its id */
  constructor(claim: string, dependencies: Pick<Dependencies, 'cluster' | 'mesh' | 'changes'>) {
    this.claim = claim;
    this.dependencies = dependencies;
  }

  /** Makes all of them in one change. */
  async apply(requests: readonly AllowRequest[], part: PolicyPart): Promise<void> {
    const { mesh, cluster } = this.dependencies;
    const chosen = requests.flatMap((request) => {
      const objects = mesh.allow(request);
      this.made.set(request.name, objects);
      return select(objects, part);
    });
    for (const object of chosen) this.present.set(keyOf(object), object);
    const what = `allow ${requests.map(({ name }) => name).join(', ')}${suffix(part)}`;
    await this.change(what, 'apply', this.claim, chosen, (object) => cluster.apply(object));
  }

  async delete(names: readonly string[], part: PolicyPart): Promise<void> {
    const chosen = names.flatMap((name) => {
      const objects = this.made.get(name);
      if (objects === undefined) throw new Error(`the claim made no policy called "${name}"`);
      // The target first: a target without its route is the more surprising state.
      return select(objects, part).reverse();
    });
    await this.remove(`delete ${names.join(', ')}${suffix(part)}`, chosen);
  }

  /** Whether any of them is, or may be, on the cluster. */
  get areLeft(): boolean {
    return this.present.size > 0;
  }

  /** Removes what is left of all policies. @param claim the one that is under way */
  async clear(claim = this.claim): Promise<void> {
    await this.remove("delete the claim's policies", [...this.present.values()].reverse(), claim);
  }

  private async remove(what: string, objects: Manifest[], claim = this.claim): Promise<void> {
    await this.change(what, 'delete', claim, objects, async (object) => {
      await this.dependencies.cluster.delete(referenceOf(object));
      this.present.delete(keyOf(object));
    });
  }

  private async change(
    what: string,
    verb: 'apply' | 'delete',
    claim: string,
    objects: Manifest[],
    act: (object: Manifest) => Promise<unknown>,
  ): Promise<void> {
    const { changes, mesh } = this.dependencies;
    await changes.make({ what, budget: mesh.budget('policy'), claims: [claim] }, async () => {
      for (const object of objects) await act(object);
      return objects.map((object) => ({ [verb]: object }));
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
