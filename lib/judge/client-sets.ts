import type { ResourceUse } from './claim.ts';

/** One set of the clients that policies name. Claims are written with the first client set's names. */
export interface ClientSet {
  /** Suffix of the names of its fixtures. */
  readonly suffix: string;
}

/**
 * Sets of clients for claims that are judged side by side. A policy lets an identity in, so a claim that makes policies has a
 * client set to itself. Claims without policies share the first one.
 */
export class ClientSets {
  private readonly apps: ReadonlySet<string>;
  private readonly clientSets: ClientSet[];
  /** How many claims use a client set; infinite for one claim that makes policies. */
  private readonly users = new Map<ClientSet, number>();

  /** @param apps every fixture's name; `curl-2` is `curl` in the second client set */
  constructor(apps: Iterable<string>) {
    this.apps = new Set(apps);
    this.clientSets = [{ suffix: '' }];
    for (let n = 2; this.apps.has(`curl-${n}`); n += 1) this.clientSets.push({ suffix: `-${n}` });
  }

  /** A free client set that has the claim's clients, if there is one. */
  take({ clients, policies }: Pick<ResourceUse, 'clients' | 'policies'>): ClientSet | undefined {
    const isFit = (clientSet: ClientSet) =>
      !this.users.has(clientSet) && clients.every((client) => this.has(clientSet, client));
    const [first] = this.clientSets;
    // The last ones have the fewest clients: leave the others to claims that need more.
    const clientSet = policies ? this.clientSets.findLast(isFit) : first;
    if (clientSet === undefined || this.users.get(clientSet) === Number.POSITIVE_INFINITY) return undefined;
    this.users.set(clientSet, policies ? Number.POSITIVE_INFINITY : (this.users.get(clientSet) ?? 0) + 1);
    return clientSet;
  }

  release(clientSet: ClientSet): void {
    const rest = (this.users.get(clientSet) ?? 1) - 1;
    if (rest > 0 && rest !== Number.POSITIVE_INFINITY) this.users.set(clientSet, rest);
    else this.users.delete(clientSet);
  }

  /** Whether the client set has the client, or all client sets share it. */
  private has({ suffix }: ClientSet, client: string): boolean {
    return this.apps.has(`${client}${suffix}`) || !this.isOfClientSets(client);
  }

  /** The fixture that is a suite's client in this client set. */
  clientIn({ suffix }: ClientSet, client: string): string {
    return this.isOfClientSets(client) ? `${client}${suffix}` : client;
  }

  private isOfClientSets(client: string): boolean {
    return this.apps.has(`${client}-2`);
  }
}
