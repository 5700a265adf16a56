import type { Agent, Capture } from './agent.ts';
import type { Route } from './route.ts';
import { PROBE_TIMING } from './timing.ts';

/**
 * One TCP connection that stays open while the mesh changes. It sends one line before the change and one after it.
 *
 * Both lines go through the same nc. Another job of the same agent sends the second one, through a fifo. The first job keeps
 * the fifo open for reading and writing, so that no job blocks when it opens it.
 */
export class OpenConnection {
  private readonly agent: Agent;
  private readonly nonce: string;
  private readonly whole: Promise<Capture>;

  constructor(agent: Agent, { host, port }: Route, nonce: string) {
    this.agent = agent;
    this.nonce = nonce;
    const { connectionS } = PROBE_TIMING;
    const script = [
      `mkfifo open-${nonce} && exec 8<>open-${nonce}`,
      `{ echo ${nonce}-1; read -r go <&8; echo ${nonce}-2; read -r go <&8; } | ` +
        `limit ${connectionS} nc ${host} ${port} | ` +
        `{ IFS= read -r a && echo "$a"; IFS= read -r b && echo "$b"; echo over >&8; cat; }`,
      `rm -f open-${nonce}`,
    ].join('; ');
    this.whole = agent.run(script, connectionS * 1000);
  }

  /** Sends the second line and ends the connection. @returns which lines were answered; undefined if exec is in doubt */
  async finish(): Promise<{ first: boolean; second: boolean } | undefined> {
    await this.agent.run(`[ ! -p open-${this.nonce} ] || echo go 1<>open-${this.nonce}`, PROBE_TIMING.secondLineMs);
    const capture = await this.whole;
    if (capture.doubt !== undefined) return undefined;
    const isAnswered = (line: number) => capture.stdout.includes(`echo response: ${this.nonce}-${line}`);
    return { first: isAnswered(1), second: isAnswered(2) };
  }
}
