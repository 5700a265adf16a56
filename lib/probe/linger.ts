import type { Agent, Capture } from './agent.ts';
import type { Route } from './route.ts';

/** Longest that a lingering connection is kept, in seconds. */
const LIMIT_S = 60;

/**
 * One TCP connection that is kept open while the mesh changes, with a line sent at either end.
 *
 * Both lines go through the same nc; the second is sent by another job of the same agent, through a fifo that the first one
 * keeps open for reading and writing, so that neither can block on opening it.
 */
export class Linger {
  private readonly agent: Agent;
  private readonly nonce: string;
  private readonly whole: Promise<Capture>;

  constructor(agent: Agent, { host, port }: Route, nonce: string) {
    this.agent = agent;
    this.nonce = nonce;
    const script = [
      `mkfifo linger-${nonce} && exec 8<>linger-${nonce}`,
      `{ echo ${nonce}-1; read -r go <&8; echo ${nonce}-2; read -r go <&8; } | ` +
        `limit ${LIMIT_S} nc ${host} ${port} | ` +
        `{ IFS= read -r a && echo "$a"; IFS= read -r b && echo "$b"; echo over >&8; cat; }`,
      `rm -f linger-${nonce}`,
    ].join('; ');
    this.whole = agent.run(script, LIMIT_S * 1000);
  }

  /** Sends the second line, ends the connection, and tells which lines were answered; undefined where exec cannot be trusted. */
  async finish(): Promise<{ first: boolean; second: boolean } | undefined> {
    await this.agent.run(`[ ! -p linger-${this.nonce} ] || echo go 1<>linger-${this.nonce}`, 2_000);
    const capture = await this.whole;
    if (capture.doubt !== undefined) return undefined;
    const answered = (line: number) => capture.stdout.includes(`echo response: ${this.nonce}-${line}`);
    return { first: answered(1), second: answered(2) };
  }
}
