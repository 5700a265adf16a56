import type { Cluster, ContainerRef, ExecSession } from '../kube/cluster.ts';
import { AGENT_SCRIPT } from './agent-script.ts';
import { frameReader } from './frames.ts';
import { PROBE_TIMING } from './timing.ts';

/** The result of a command, or the doubt why it cannot be trusted. */
export type Capture = { exit: number; stdout: string; stderr: string; doubt?: never } | { doubt: string; exit?: never };

interface Job {
  /** See the agent's script. */
  place: number;
  settle(capture: Capture): void;
}

interface Session {
  exec: ExecSession;
  jobs: Map<string, Job>;
  /** Settles when the agent has started, or the session is over. */
  started: Promise<void>;
  /** Why the session is over, once it is. */
  over?: string;
  drop(why: string): void;
}

const { graceMs, silentMs, startMs } = PROBE_TIMING;
const GONE = { doubt: 'the pod is no longer in use' };

/**
 * The shell agent in one container. Jobs run side by side in one exec session, which opens when it is needed, and again after
 * it broke. Nothing here throws: what cannot be trusted is a doubt.
 */
export class Agent {
  private readonly target: ContainerRef;
  private readonly cluster: Pick<Cluster, 'openExec'>;
  private readonly log: (line: string) => void;
  private session: Promise<Session | { doubt: string }> | undefined;
  private count = 0;
  private closed = false;

  constructor(cluster: Pick<Cluster, 'openExec'>, target: ContainerRef, log: (line: string) => void) {
    this.cluster = cluster;
    this.target = target;
    this.log = log;
  }

  /**
   * Runs a script that itself ends within `limitMs`.
   * @param isBrief whether it prints little, and text only
   */
  async run(script: string, limitMs: number, isBrief = false): Promise<Capture> {
    if (this.closed) return GONE;
    this.session ??= this.open();
    const session = await this.session;
    if ('doubt' in session) return session;
    await session.started;
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
        session.drop('a frame did not come');
      }, limitMs + graceMs);
      const place = freePlace(session.jobs);
      session.jobs.set(id, { place, settle });
      session.exec.write(`${id} ${place} ${script}\n`);
    });
  }

  /** Runs the script in a session of its own, whatever is wrong with the present one. */
  async runAlone(script: string, limitMs: number): Promise<Capture> {
    if (this.closed) return GONE;
    const alone = new Agent(this.cluster, this.target, this.log);
    const capture = await alone.run(script, limitMs);
    alone.close();
    return capture;
  }

  close(): void {
    this.closed = true;
    void this.session?.then((session) => {
      if (!('doubt' in session)) session.drop('closed');
    });
  }

  private async open(): Promise<Session | { doubt: string }> {
    const place = `${this.target.pod}/${this.target.container}`;
    const jobs = new Map<string, Job>();
    let session: Session | undefined;
    /** Ends the session: until the agent has started, when that takes too long, and then when it is silent for too long. */
    let timer: NodeJS.Timeout | undefined;
    let isStarted = false;
    let start = () => {};
    const started = new Promise<void>((resolve) => {
      start = resolve;
    });
    const drop = (why: string) => {
      if (session === undefined || session.over !== undefined) return;
      session.over = why;
      clearTimeout(timer);
      this.session = undefined;
      start();
      for (const job of [...jobs.values()]) job.settle({ doubt: `exec: ${why}` });
      session.exec.close();
    };
    const read = frameReader({
      ready: () => {
        isStarted = true;
        clearTimeout(timer);
        timer = setTimeout(() => drop(`the agent was silent for ${silentMs / 1_000} s`), silentMs);
        start();
      },
      frame: ({ id, status, stdout, stderr }) => jobs.get(id)?.settle({ exit: status, stdout, stderr }),
      beat: (ids) => {
        for (const id of ids) jobs.get(id)?.settle({ doubt: 'exec: the frame was lost' });
      },
      damaged: (id, why) => {
        this.log(`exec in ${place}: ${why}`);
        if (id !== undefined) jobs.get(id)?.settle({ doubt: `exec: ${why}` });
      },
    });
    try {
      const exec = await this.cluster.openExec(this.target, ['sh', '-c', AGENT_SCRIPT], {
        stdout: (chunk) => {
          if (isStarted) timer?.refresh();
          read(chunk);
        },
        stderr: (chunk) => this.log(`agent in ${place}: ${chunk.toString().trimEnd()}`),
      });
      session = { exec, jobs, started, drop };
      if (!isStarted) timer = setTimeout(() => drop('the agent did not start'), startMs);
      void exec.ended.then(({ fault }) => drop(isStarted ? (fault ?? 'the session ended') : 'the agent did not start'));
      return session;
    } catch (error) {
      this.session = undefined;
      return { doubt: `exec: ${error instanceof Error ? error.message : String(error)}` };
    }
  }
}

function freePlace(jobs: ReadonlyMap<string, Job>): number {
  const taken = new Set([...jobs.values()].map(({ place }) => place));
  let place = 1;
  while (taken.has(place)) place += 1;
  return place;
}
