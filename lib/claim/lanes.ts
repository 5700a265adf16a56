import type { Footprint } from './script.ts';

/** One set of the clients that policies name. Claims are written with the first lane's names. */
export interface Lane {
  /** What the lane's fixtures have behind their names. */
  readonly suffix: string;
}

/**
 * Sets of clients for claims that are judged side by side. What a policy lets in is an identity, so a claim that makes policies
 * has a lane to itself; claims that make none share the first.
 */
export class Lanes {
  private readonly apps: ReadonlySet<string>;
  private readonly lanes: Lane[];
  /** How many claims use a lane; one that makes policies counts as all there can be. */
  private readonly users = new Map<Lane, number>();

  /** @param apps every fixture's name; `curl-2` is `curl` in the second lane */
  constructor(apps: Iterable<string>) {
    this.apps = new Set(apps);
    this.lanes = [{ suffix: '' }];
    for (let n = 2; this.apps.has(`curl-${n}`); n += 1) this.lanes.push({ suffix: `-${n}` });
  }

  /** A lane for one more claim, if one is free that has its clients. */
  take({ clients, policies }: Pick<Footprint, 'clients' | 'policies'>): Lane | undefined {
    const isFit = (lane: Lane) => !this.users.has(lane) && clients.every((client) => this.has(lane, client));
    const [first] = this.lanes;
    // From the end, where the lanes are that have the fewest clients: the others may be needed for them.
    const lane = policies ? this.lanes.findLast(isFit) : first;
    if (lane === undefined || this.users.get(lane) === Number.POSITIVE_INFINITY) return undefined;
    this.users.set(lane, policies ? Number.POSITIVE_INFINITY : (this.users.get(lane) ?? 0) + 1);
    return lane;
  }

  release(lane: Lane): void {
    const rest = (this.users.get(lane) ?? 1) - 1;
    if (rest > 0 && rest !== Number.POSITIVE_INFINITY) this.users.set(lane, rest);
    else this.users.delete(lane);
  }

  /** Whether the lane has its own of a client that lanes have, or the client is everybody's. */
  private has({ suffix }: Lane, client: string): boolean {
    return this.apps.has(`${client}${suffix}`) || !this.isOfLanes(client);
  }

  /** The fixture that stands for a client of the suites in this lane. */
  clientIn({ suffix }: Lane, client: string): string {
    return this.isOfLanes(client) ? `${client}${suffix}` : client;
  }

  private isOfLanes(client: string): boolean {
    return this.apps.has(`${client}-2`);
  }
}
