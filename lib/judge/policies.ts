import { type Manifest, referenceOf } from '../kube/cluster.ts';
import type { AllowObjects } from '../mesh/mesh.ts';
import type { PolicyPart, PolicySpec } from './calls.ts';
import type { Dependencies } from './dependencies.ts';
import { type FixtureSet, nameIn } from './fixture-sets.ts';
import { type MoreService, serviceName } from './routes.ts';

type PoliciesDependencies = Pick<
  Dependencies,
  'cluster' | 'mesh' | 'changes' | 'evidence' | 'policiesInForce' | 'routes'
>;

/** An object of a policy, and the server that the policy names. */
interface Present {
  object: Manifest;
  server: string;
}

/** The policies and Services that a claim has made for the fixtures of its set. All of them are removed when it ends. */
export class Policies {
  private readonly dependencies: PoliciesDependencies;
  private readonly claim: string;
  private readonly fixtureSet: FixtureSet;
  /** By the name that the suite gave it. */
  private readonly made = new Map<string, { objects: AllowObjects; server: string }>();
  private readonly present = new Map<string, Present>();

  /** @param claim its id */
  constructor(claim: string, fixtureSet: FixtureSet, dependencies: PoliciesDependencies) {
    this.claim = claim;
    this.fixtureSet = fixtureSet;
    this.dependencies = dependencies;
  }

  /** Makes all of them in one change. */
  async apply(specs: readonly PolicySpec[], part: PolicyPart): Promise<void> {
    const { mesh, cluster, evidence, policiesInForce } = this.dependencies;
    const chosen = specs.flatMap(({ name, clients, server, ...spec }) => {
      const to = this.party(server);
      const parties = { clients: clients.map((client) => this.party(client)), server: to };
      const objects = mesh.allow({ ...spec, ...parties, name: this.nameOf(name) });
      this.made.set(name, { objects, server: to.app });
      return select(objects, part).map((object) => ({ object, server: to.app }));
    });
    for (const each of chosen) {
      this.present.set(keyOf(each.object), each);
      policiesInForce.begin(this.claim, each.server, evidence.clock());
    }
    const names = specs.map(({ name }) => name);
    await this.change(this.describe('allow', names, part), 'apply', this.claim, chosen, (object) =>
      cluster.apply(object),
    );
  }

  async delete(names: readonly string[], part: PolicyPart): Promise<void> {
    const chosen = names.flatMap((name) => {
      const made = this.made.get(name);
      if (made === undefined) throw new Error(`the claim made no policy called "${name}"`);
      const { objects, server } = made;
      // The target first: a target without its route is the more surprising state.
      return select(objects, part)
        .reverse()
        .map((object) => ({ object, server }));
    });
    await this.remove(this.describe('delete', names, part), chosen, this.claim);
  }

  /** Makes another Service of a server's pods, with the same ports. */
  async expose(server: string, service: MoreService): Promise<void> {
    const { cluster, mesh, routes, evidence, policiesInForce } = this.dependencies;
    const { app, namespace, ports } = routes.server(nameIn(this.fixtureSet, server));
    const object = mesh.enrol({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: serviceName(app, service), namespace },
      spec: {
        ...(service === 'headless-service' ? { clusterIP: 'None' } : {}),
        selector: { app },
        ports: Object.entries(ports).map(([name, port]) => {
          return { name, port, targetPort: port, appProtocol: name.startsWith('http') ? 'http' : 'tcp' };
        }),
      },
    });
    this.present.set(keyOf(object), { object, server: app });
    policiesInForce.begin(this.claim, app, evidence.clock());
    const what = `make the Service ${object.metadata.name}`;
    await this.change(what, 'apply', this.claim, [{ object, server: app }], (each) => cluster.apply(each));
  }

  /** Whether any of them is, or may be, on the cluster. */
  get areLeft(): boolean {
    return this.present.size > 0;
  }

  /** Removes what is left of all policies. @param claim the one that is under way */
  async clear(claim = this.claim): Promise<void> {
    await this.remove("delete the claim's policies", [...this.present.values()].reverse(), claim);
  }

  private async remove(what: string, chosen: Present[], claim: string): Promise<void> {
    const { cluster, evidence, policiesInForce } = this.dependencies;
    try {
      await this.change(what, 'delete', claim, chosen, async (object) => {
        await cluster.delete(referenceOf(object));
        this.present.delete(keyOf(object));
      });
    } finally {
      const named = new Set([...this.present.values()].map(({ server }) => server));
      for (const { server } of chosen) {
        if (!named.has(server)) policiesInForce.end(this.claim, server, evidence.clock());
      }
    }
  }

  private async change(
    what: string,
    verb: 'apply' | 'delete',
    claim: string,
    chosen: Present[],
    act: (object: Manifest) => Promise<unknown>,
  ): Promise<void> {
    const { changes, mesh } = this.dependencies;
    const servers = [...new Set(chosen.map(({ server }) => server))];
    await changes.make({ what, budget: mesh.budget('policy'), claims: [claim], servers }, async () => {
      for (const { object } of chosen) await act(object);
      return chosen.map(({ object }) => ({ [verb]: object }));
    });
  }

  private party(fixture: string) {
    const { app, namespace, serviceAccount } = this.dependencies.routes.actor(nameIn(this.fixtureSet, fixture));
    return { app, namespace, serviceAccount };
  }

  private nameOf(policy: string): string {
    return policy + this.fixtureSet.suffix;
  }

  private describe(verb: string, names: readonly string[], part: PolicyPart): string {
    const own = names.map((name) => this.nameOf(name)).join(', ');
    return `${verb} ${own}${part === 'all' ? '' : ` (${part} only)`}`;
  }
}

function select({ route, target }: AllowObjects, part: PolicyPart): Manifest[] {
  return { route, target, all: [...route, ...target] }[part];
}

function keyOf({ apiVersion, kind, metadata }: Manifest): string {
  return [apiVersion, kind, metadata.namespace, metadata.name].join(' ');
}
