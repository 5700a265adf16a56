import { describe, expect, test } from '@jest/globals';
import type { Evidence, EvidenceEntry, ObservationRecord } from '../evidence/index.ts';
import type { Cluster, LogHandlers } from '../kube/cluster.ts';
import { Agent, type Capture } from './agent.ts';
import { Prober } from './prober.ts';
import type { Route } from './route.ts';
import { ServerLog } from './server-log.ts';

const client = { app: 'curl', namespace: 'curl', serviceAccount: 'curl', container: 'curl', enrolled: true };
const server = {
  ...client,
  app: 'tcp-echo',
  container: 'control',
  logContainer: 'tcp-echo',
  host: 'tcp-echo.tcp-demo',
  clusterIp: '10.96.0.1',
  ports: { tcp: 9000 },
};
const hello: Route = { client, server, protocol: 'tcp', host: 'tcp-echo.tcp-demo', port: 9000, manner: 'plain' };
const toUnknownServer: Route = { ...hello, server: undefined };

/** What becomes of one script: how it ends, and which of its nonces reach the server. */
type Play = (nonces: string[], how: 'session' | 'alone') => Capture;

/** The agent's output for probes that were all answered, or all refused in silence. */
const printed = (nonces: string[], answer: (nonce: string) => string) => ({
  exit: 0,
  stdout: nonces.map((nonce) => `${answer(nonce)}\n#MARK 0 0\n`).join(''),
  stderr: nonces.map(() => '#MARK\n').join(''),
});
const echoed = (nonces: string[]) => printed(nonces, (nonce) => `echo response: ${nonce}\n`);
const silent = (nonces: string[]) => printed(nonces, () => '');

class PlayedAgent extends Agent {
  readonly jobs: ['session' | 'alone', string[]][] = [];
  play: Play = echoed;
  hangs = false;

  constructor(cluster: Pick<Cluster, 'openExec'>) {
    super(cluster, { namespace: 'curl', pod: 'curl-1', container: 'curl' }, () => undefined);
  }

  override async run(script: string): Promise<Capture> {
    return this.ran('session', script);
  }
  override async runAlone(script: string): Promise<Capture> {
    return this.ran('alone', script);
  }

  private async ran(how: 'session' | 'alone', script: string): Promise<Capture> {
    const [nonce = ''] = script.match(/mp[0-9a-z]{16}/) ?? [];
    const count = Number(/-le (\d+)/.exec(script)?.[1] ?? 0);
    const nonces = count === 0 ? [nonce] : Array.from({ length: count }, (_, i) => `${nonce}-${i + 1}`);
    this.jobs.push([how, nonces]);
    if (this.hangs) return new Promise(() => undefined);
    const capture = this.play(nonces, how);
    const [mark = ''] = /#[0-9a-f]+/.exec(script) ?? [];
    const marked = (text: string) => text.replaceAll('#MARK', mark);
    if (capture.doubt !== undefined) return capture;
    return { ...capture, stdout: marked(capture.stdout), stderr: marked(capture.stderr) };
  }
}

/** A prober over an agent that does what the test says, and a log that holds what the test says. */
function setup({ hasPod = true } = {}) {
  const unused = () => {
    throw new Error('not needed here');
  };
  const records: EvidenceEntry[] = [];
  let now = 0;
  const evidence: Evidence = {
    file: '',
    damaged: undefined,
    clock: () => {
      now += 1;
      return now;
    },
    append: (entry) => {
      records.push(entry);
      return { seq: 0, at: 0, ...entry };
    },
    on: unused,
    flush: unused,
    close: unused,
  };
  const tails: LogHandlers[] = [];
  const followLog = (_: unknown, handlers: LogHandlers) => {
    tails.push(handlers);
    return { stop: () => undefined };
  };
  const agent = new PlayedAgent({ openExec: unused });
  const log = new ServerLog({ followLog }, { namespace: '', pod: '', container: '' }, () => undefined);
  const logs = (nonces: string[]) => {
    for (const nonce of nonces) tails[0]?.line(`request: ${nonce}`);
  };
  let identity = { client: 'old' };
  let count = 0;
  const prober = new Prober({
    evidence,
    nonce: () => {
      count += 1;
      return `mp${String(count).padStart(16, '0')}`;
    },
    agentOf: () => (hasPod ? agent : undefined),
    logOf: () => log,
    podOf: () => 'curl-1',
    identityOf: () => identity,
  });
  const observations = () => records.filter((record): record is ObservationRecord => record.kind === 'observation');
  const replacePods = () => {
    identity = { client: 'new' };
  };
  return { prober, agent, logs, observations, replacePods };
}

describe('one probe', () => {
  test('that is answered and logged is answered', async () => {
    const { prober, agent, logs } = setup();
    agent.play = (nonces) => {
      logs(nonces);
      return echoed(nonces);
    };
    const observation = await prober.probe(hello, 'a claim');
    expect(observation).toMatchObject({
      outcome: 'answered',
      nonce: 'mp0000000000000001',
      signature: 'echo',
      identity: { client: 'old' },
    });
    expect(observation.start).toBeLessThan(observation.end);
  });

  test('whose line is late in the log is waited for', async () => {
    const { prober, logs } = setup();
    const observation = prober.probe(hello, 'a claim');
    setImmediate(() => logs(['mp0000000000000001']));
    expect((await observation).outcome).toBe('answered');
  });

  test('that is refused, and not logged yet, is taken for one that did not reach, until the log is complete', async () => {
    const { prober, agent, logs, observations } = setup();
    agent.play = silent;
    const observation = await prober.probe(hello, 'a claim');
    expect(observation.outcome).toBe('not-reached');
    logs(['mp0000000000000001']);
    prober.conclude(observation, { role: 'subject', claim: 'a/b', expectation: 2 });
    expect(observation.outcome).toBe('reached-without-answer');
    expect(observations()).toMatchObject([
      { claim: 'a/b', expectation: 2, role: 'subject', outcome: 'reached-without-answer', inLog: true, logged: true },
    ]);
  });

  test('is concluded and written down once', async () => {
    const { prober, agent, logs, observations } = setup();
    agent.play = silent;
    const observation = await prober.probe(hello, 'a claim');
    prober.conclude(observation, { role: 'subject' });
    logs(['mp0000000000000001']);
    prober.conclude(observation, { role: 'subject' });
    expect(observation.outcome).toBe('not-reached');
    expect(observations()).toHaveLength(1);
  });

  test('of a place without a log is marked so', async () => {
    const { prober, observations } = setup();
    const observation = await prober.probe(toUnknownServer, 'a claim');
    prober.conclude(observation, { role: 'subject' });
    expect(observations()).toMatchObject([{ outcome: 'answered', logged: false, inLog: false, pod: 'curl/curl-1' }]);
    expect(observations()[0]?.command).toBe(
      '(echo mp0000000000000001; wait for the answer) | nc tcp-echo.tcp-demo 9000',
    );
  });

  test('from a client that has no pod is a doubt', async () => {
    const { prober, observations } = setup({ hasPod: false });
    const observation = await prober.probe(hello, 'a claim');
    expect(observation).toMatchObject({ outcome: 'unknown', seen: { doubt: 'no pod of curl is running' } });
    prober.conclude(observation, { role: 'subject' });
    expect(observations()[0]).toMatchObject({ outcome: 'unknown', doubt: 'no pod of curl is running' });
    expect(observations()[0]?.exit).toBeUndefined();
  });
});

describe('a burst', () => {
  test('is as many probes as asked for, each with a nonce of its own', async () => {
    const { prober, agent, logs } = setup();
    agent.play = (nonces) => {
      logs(nonces.slice(0, 2));
      return silent(nonces);
    };
    const observations = await prober.burst(hello, 3, 'a claim');
    expect(observations.map(({ nonce, outcome }) => [nonce, outcome])).toEqual([
      ['mp0000000000000001-1', 'reached-without-answer'],
      ['mp0000000000000001-2', 'reached-without-answer'],
      ['mp0000000000000001-3', 'not-reached'],
    ]);
    expect(agent.jobs).toHaveLength(1);
  });

  test('that exec lost is repeated once, alone, with new nonces', async () => {
    const { prober, agent } = setup();
    agent.play = (nonces, how) => (how === 'session' ? { doubt: 'exec: no frame' } : silent(nonces));
    const observations = await prober.burst(hello, 2, 'a claim');
    expect(agent.jobs).toEqual([
      ['session', ['mp0000000000000001-1', 'mp0000000000000001-2']],
      ['alone', ['mp0000000000000002-1', 'mp0000000000000002-2']],
    ]);
    expect(observations.map(({ nonce, outcome }) => [nonce, outcome])).toEqual([
      ['mp0000000000000002-1', 'not-reached'],
      ['mp0000000000000002-2', 'not-reached'],
    ]);
  });

  test('that exec lost and the server logged is not forgotten: it reached', async () => {
    const { prober, agent, logs } = setup();
    agent.play = (nonces, how) => {
      if (how === 'alone') return silent(nonces);
      logs(nonces.slice(0, 1));
      return { doubt: 'exec: no frame' };
    };
    const observations = await prober.burst(hello, 2, 'a claim');
    for (const observation of observations) prober.conclude(observation, { role: 'subject' });
    expect(observations.map(({ nonce, outcome }) => [nonce, outcome])).toEqual([
      ['mp0000000000000001-1', 'reached-without-answer'],
      ['mp0000000000000002-1', 'not-reached'],
      ['mp0000000000000002-2', 'not-reached'],
    ]);
    expect(observations[0]?.seen.doubt).toBe('exec: no frame');
  });

  test('that exec lost twice is a doubt, all of it', async () => {
    const { prober, agent } = setup();
    agent.play = () => ({ doubt: 'exec: no frame' });
    const observations = await prober.burst(hello, 2, 'a claim');
    expect(agent.jobs).toHaveLength(2);
    expect(observations.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 4 }, () => 'unknown'));
  });

  test('whose output is not of as many probes is not read at all', async () => {
    const { prober, agent } = setup();
    agent.play = (nonces) => silent(nonces.slice(1));
    const [observation] = await prober.burst(hello, 2, 'a claim');
    expect(observation).toMatchObject({
      outcome: 'unknown',
      seen: { doubt: 'exec: the output is not that of the command' },
    });
  });

  test('is by the pods that there were when it was sent', async () => {
    const { prober, agent, replacePods } = setup();
    agent.play = (nonces) => {
      replacePods();
      return silent(nonces);
    };
    expect((await prober.burst(hello, 2, 'a claim')).map(({ identity }) => identity.client)).toEqual(['old', 'old']);
    expect((await prober.probe(hello, 'a claim')).identity.client).toBe('new');
  });

  test('under way when the run is being ended is a doubt at once', async () => {
    const { prober, agent } = setup();
    agent.hangs = true;
    const burst = prober.burst(hello, 2, 'a claim');
    prober.end();
    expect((await burst).map(({ seen }) => seen.doubt)).toEqual(
      Array.from({ length: 4 }, () => 'the run is being ended'),
    );
  });
});
