import type { Cluster, ContainerRef, ExecSession } from '../kube/cluster.ts';
import { AGENT_SCRIPT, aloneScript, parseAlone } from './agent-script.ts';
import { type Frame, frameReader } from './frames.ts';
import { PROBE_TIMING } from './timing.ts';

/** The result of a command, or the doubt why it cannot be trusted. */
export type Capture = { exit: number; stdout: string; stderr: string; doubt?: never } | { doubt: string; exit?: never };

interface Job {
  /** See the agent's script. */
  place: number;
  settle(capture: Capture): void;
  timer: NodeJS.Timeout;
}

interface Session {
  exec: ExecSession;
  jobs: Map<string, Job>;
  ready: Promise<boolean>;
  /** Ends the session when the agent is silent for too long. */
  silence?: NodeJS.Timeout;
  /** Why the session is over, once it is. */
  over?: string;
}

const { graceMs, silentMs, startMs } = PROBE_TIMING;

/**
 * The shell agent in one container. Jobs run side by side in one exec session, which opens when it is needed, and again after
 * it broke. Nothing here throws: what cannot be trusted is a doubt.
 */
export class Agent {
  readonly target: ContainerRef;
  private readonly cluster: Pick<Cluster, 'exec' | 'openExec'>;
  private readonly log: (line: string) => void;
  private session: Promise<Session | { doubt: string }> | undefined;
  private count = 0;
  private closed = false;

  constructor(cluster: Pick<Cluster, 'exec' | 'openExec'>, target: ContainerRef, log: (line: string) => void) {
    this.cluster = cluster;
    this.target = target;
    this.log = log;
  }

  /**
   * Runs a script that itself ends within `limitMs`.
   * @param isBrief whether it prints little, and text only
   */
  async run(script: string, limitMs: number, isBrief = false): Promise<Capture> {
    if (this.closed) return { doubt: 'the pod is no longer in use' };
    this.session ??= this.open();
    const session = await this.session;
    if ('doubt' in session) return session;
    if (!(await session.ready)) return { doubt: 'exec: the agent did not start' };
    if (session.over !== undefined) return { doubt: `exec: ${session.over}` };
    this.count += 1;
    const id = `${isBrief ? 'b' : 'j'}${this.count}`;
    return new Promise((resolve) => {
      const settle = (capture: Capture) => {
        clearTimeout(timer);
        session.jobs.delete(id);
        resolve(capture);
      };
      const timer = setTimeout(() => {
        settle({ doubt: `exec: no frame within ${limitMs + graceMs} ms` });
        this.drop(session, 'a frame did not come');
      }, limitMs + graceMs);
      const place = freePlace(session.jobs);
      session.jobs.set(id, { place, settle, timer });
      session.exec.write(`${id} ${place} ${script}\n`);
    });
  }

  /** Runs the script by an exec of its own, where the API's status and the script's own last line must agree. */
  async runAlone(script: string, limitMs: number): Promise<Capture> {
    if (this.closed) return { doubt: 'the pod is no longer in use' };
    const result = await this.cluster.exec(this.target, ['sh', '-c', aloneScript(script, Math.ceil(limitMs / 1000))], {
      timeoutMs: limitMs + graceMs,
    });
    return parseAlone(result);
  }

  close(): void {
    this.closed = true;
    void this.session?.then((session) => {
      if (!('doubt' in session)) this.drop(session, 'closed');
    });
  }

  private async open(): Promise<Session | { doubt: string }> {
    const jobs = new Map<string, Job>();
    let heard = () => {};
    let isReady: (value: boolean) => void = () => {};
    const ready = new Promise<boolean>((resolve) => {
      isReady = resolve;
    });
    const read = frameReader({
      ready: () => isReady(true),
      frame: (frame: Frame) =>
        jobs.get(frame.id)?.settle({ exit: frame.status, stdout: frame.stdout, stderr: frame.stderr }),
      beat: (ids) => {
        for (const id of ids) jobs.get(id)?.settle({ doubt: 'exec: the frame was lost' });
      },
      damaged: (id, why) => {
        this.log(`exec in ${this.target.pod}/${this.target.container}: ${why}`);
        if (id !== undefined) jobs.get(id)?.settle({ doubt: `exec: ${why}` });
      },
    });
    try {
      const exec = await this.cluster.openExec(this.target, ['sh', '-c', AGENT_SCRIPT], {
        stdout: (chunk) => {
          heard();
          read(chunk);
        },
        stderr: (chunk) =>
          this.log(`agent in ${this.target.pod}/${this.target.container}: ${chunk.toString().trimEnd()}`),
      });
      const starting = setTimeout(() => isReady(false), startMs);
      const session: Session = { exec, jobs, ready };
      void ready.then((came) => {
        clearTimeout(starting);
        if (!came) this.drop(session, 'the agent did not start');
        else heard = this.listen(session);
      });
      void exec.ended.then((end) => {
        isReady(false);
        this.drop(session, end.fault ?? 'the session ended');
      });
      return session;
    } catch (error) {
      this.session = undefined;
      return { doubt: `exec: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  /** Drops the session when it is silent for too long. @returns what to call whenever it is not silent */
  private listen(session: Session): () => void {
    if (session.over !== undefined) return () => {};
    const silence = setTimeout(() => this.drop(session, `the agent was silent for ${silentMs / 1_000} s`), silentMs);
    session.silence = silence;
    return () => silence.refresh();
  }

  private drop(session: Session, why: string): void {
    // A session that was dropped ends later, when another may be in use.
    if (session.over !== undefined) return;
    session.over = why;
    clearTimeout(session.silence);
    this.session = undefined;
    for (const job of [...session.jobs.values()]) job.settle({ doubt: `exec: ${why}` });
    session.exec.close();
  }
}

function freePlace(jobs: ReadonlyMap<string, Job>): number {
  const taken = new Set([...jobs.values()].map(({ place }) => place));
  let place = 1;
  while (taken.has(place)) place += 1;
  return place;
}
