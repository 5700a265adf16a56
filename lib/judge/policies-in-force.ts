import type { Route } from '../probe/index.ts';

/** A stretch of time in which a policy of a claim named a server; without an end while it is in force. */
interface InForce {
  claim: string;
  server: string;
  from: number;
  to?: number;
}

/**
 * Which policies were in force when. A verdict must not depend on what is judged beside it. So while a claim probes a
 * server, no policy of another claim may name that server.
 */
export class PoliciesInForce {
  private readonly stretches: InForce[] = [];
  private readonly isWide: boolean;

  /** @param isWide whether a policy reaches further than the server that it names */
  constructor(isWide: boolean) {
    this.isWide = isWide;
  }

  begin(claim: string, server: string, now: number): void {
    const isKnown = this.stretches.some(
      (each) => each.claim === claim && each.server === server && each.to === undefined,
    );
    if (!isKnown) this.stretches.push({ claim, server, from: now });
  }

  end(claim: string, server: string, now: number): void {
    for (const each of this.stretches) {
      if (each.claim === claim && each.server === server) each.to ??= now;
    }
  }

  /**
   * What broke the rule for the servers that a claim probed, if anything did.
   * @param claim whose own policies count for nothing
   */
  intrusion(routes: readonly Route[], from: number, to: number, claim: string): string | undefined {
    const intruder = this.others(routes, claim).find((each) => each.from <= to && (each.to ?? to) > from);
    if (intruder === undefined) return undefined;
    return `a policy of ${intruder.claim} for ${intruder.server} was in force meanwhile; claims must not meet others' policies`;
  }

  /** When the last policy of another claim for the routes' servers ended; 0 if there was none. */
  lastEnd(routes: readonly Route[], claim: string): number {
    return Math.max(0, ...this.others(routes, claim).map(({ to = 0 }) => to));
  }

  private others(routes: readonly Route[], claim: string): InForce[] {
    const servers = routes.flatMap(({ server }) => (server?.enrolled ? [server.app] : []));
    const isMet = ({ server }: InForce) => servers.includes(server) || (this.isWide && servers.length > 0);
    return this.stretches.filter((each) => each.claim !== claim && isMet(each));
  }
}
