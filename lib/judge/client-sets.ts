import type { ResourceUse } from './claim.ts';

/** One set of the clients that policies name. Claims are written with the first client set's names. */
export interface ClientSet {
  /** What the client set's fixtures have behind their names. */
  readonly suffix: string;
}

/**
 * Sets of clients for claims that are judged side by side. What a policy lets in is an identity, so a claim that makes policies
 * has a client set to itself; claims that make none share the first.
 */
export class ClientSets {
  private readonly apps: ReadonlySet<string>;
  private readonly clientSets: ClientSet[];
  /** How many claims use a client set; one that makes policies counts as all there can be. */
  private readonly users = new Map<ClientSet, number>();

  /** @param apps every fixture's name; `curl-2` is `curl` in the second client set */
  constructor(apps: Iterable<string>) {
    this.apps = new Set(apps);
    this.clientSets = [{ suffix: '' }];
    for (let n = 2; this.apps.has(`curl-${n}`); n += 1) this.clientSets.push({ suffix: `-${n}` });
  }

  /** A client set for one more claim, if one is free that has its clients. */
  take({ clients, policies }: Pick<ResourceUse, 'clients' | 'policies'>): ClientSet | undefined {
    const isFit = (clientSet: ClientSet) =>
      !this.users.has(clientSet) && clients.every((client) => this.has(clientSet, client));
    const [first] = this.clientSets;
    // From the end, where the client sets are that have the fewest clients: the others may be needed for them.
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

  /** Whether the client set has its own of a client that client sets have, or the client is everybody's. */
  private has({ suffix }: ClientSet, client: string): boolean {
    return this.apps.has(`${client}${suffix}`) || !this.isOfClientSets(client);
  }

  /** The fixture that stands for a client of the suites in this client set. */
  clientIn({ suffix }: ClientSet, client: string): string {
    return this.isOfClientSets(client) ? `${client}${suffix}` : client;
  }

  private isOfClientSets(client: string): boolean {
    return this.apps.has(`${client}-2`);
  }
}
