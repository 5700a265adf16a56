import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { types } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Cluster, ExecEnd, ExecHandlers, ExecSession } from '../kube/cluster.ts';
import { Agent, type Capture } from './agent.ts';
import { OpenConnection } from './connection.ts';
import type { Route } from './route.ts';

// Real shells, on a machine that may be busy.
jest.setTimeout(60_000);

const target = { namespace: 'curl', pod: 'curl-1', container: 'curl' };

/** Longest that an agent may take to tidy up, ms. */
const TIDY_MS = 10_000;

/** A session that the test can cut. */
interface Opened extends ExecSession {
  child: ChildProcess;
  cut(fault: string): void;
}

/** A cluster whose one container is this machine: exec starts its `sh`, in process groups that end with the test. */
class ShellCluster implements Pick<Cluster, 'openExec'> {
  readonly sessions: Opened[] = [];
  /** Thrown instead of opening a session. */
  refuse: Error | undefined;
  /** What becomes of what a session prints (nothing comes where nothing is left), and what is run in it. */
  spoil: (chunk: Buffer) => Buffer = (chunk) => chunk;
  replace: (command: string[]) => string[] = (command) => command;
  private readonly children: ChildProcess[] = [];
  private readonly env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.env = env;
  }

  async openExec(_: unknown, command: string[], handlers: ExecHandlers): Promise<ExecSession> {
    if (this.refuse !== undefined) throw this.refuse;
    const child = this.start(command);
    child.stdout?.on('data', (chunk: Buffer) => {
      const left = this.spoil(chunk);
      if (left.length > 0) handlers.stdout(left);
    });
    child.stderr?.on('data', (chunk: Buffer) => handlers.stderr(chunk));
    child.stdin?.on('error', () => child.stdin?.destroy());
    let cut: (fault: string) => void = () => undefined;
    const ended = new Promise<ExecEnd>((resolve) => {
      cut = (fault) => resolve({ fault });
      child.on('close', (exitCode) => resolve(exitCode === null ? { fault: 'killed' } : { exitCode }));
    });
    const session: Opened = {
      child,
      ended,
      cut: (fault) => {
        cut(fault);
        child.stdin?.end();
      },
      write: (text) => child.stdin?.write(text),
      endInput: () => child.stdin?.end(),
      close: () => child.stdin?.end(),
    };
    this.sessions.push(session);
    return session;
  }

  /** Ends all that was started: agents by the end of their input, so that they tidy up; then what is left, in any state. */
  async end(): Promise<void> {
    const over = this.children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit'));
    for (const child of this.children) child.stdin?.end();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, TIDY_MS);
    });
    await Promise.race([Promise.all(over), limit]);
    clearTimeout(timer);
    for (const child of this.children) {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if (!(types.isNativeError(error) && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    }
    await Promise.all(over);
  }

  private start(command: string[]): ChildProcess {
    const [program = '', ...args] = this.replace(command);
    const child = spawn(program, args, { detached: true, env: this.env });
    this.children.push(child);
    return child;
  }
}

/** Where `nc` is: the machine's own, or a link to its busybox; undefined where it has neither. */
let tools: string | undefined;
let path = process.env['PATH'] ?? '';
let temporary = '';
beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'agent-test-'));
  if (has('command -v nc')) tools = path;
  else if (has('busybox nc --help 2>&1 | grep -qi usage')) {
    symlinkSync(execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(), join(temporary, 'nc'));
    tools = `${temporary}:${path}`;
    path = tools;
  } else process.stderr.write('this machine has no nc: the tests of TCP probes are skipped\n');
});
afterAll(() => rmSync(temporary, { recursive: true }));

function has(script: string): boolean {
  try {
    execFileSync('sh', ['-c', script], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let cluster: ShellCluster | undefined;
let agent: Agent | undefined;
const said: string[] = [];
afterEach(async () => {
  agent?.close();
  await cluster?.end();
  said.length = 0;
});

/** An agent in this machine's shell. */
function agentHere(): { agent: Agent; cluster: ShellCluster } {
  const here = { cluster: new ShellCluster({ ...process.env, PATH: path }), agent: undefined as Agent | undefined };
  const made = new Agent(here.cluster, target, (line) => said.push(line));
  cluster = here.cluster;
  agent = made;
  return { agent: made, cluster: here.cluster };
}

const LIMIT_MS = 20_000;

/** What a job left that must be no doubt. */
async function trusted(capture: Promise<Capture>) {
  const left = await capture;
  if (left.doubt !== undefined) throw new Error(left.doubt);
  return left;
}

describe('a job', () => {
  test('leaves its exit status and both outputs, whole and apart', async () => {
    const { agent } = agentHere();
    expect(await agent.run("printf 'naïve\\n\\nno end'; echo why >&2; (exit 52)", LIMIT_MS)).toEqual({
      exit: 52,
      stdout: 'naïve\n\nno end',
      stderr: 'why\n',
    });
    expect(await agent.run('true', LIMIT_MS)).toEqual({ exit: 0, stdout: '', stderr: '' });
    expect(await agent.run('cat', LIMIT_MS)).toEqual({ exit: 0, stdout: '', stderr: '' });
  });

  test('may print much, and what looks like a frame', async () => {
    const { agent } = agentHere();
    const { exit, stdout } = await trusted(agent.run('echo "<<j1 0"; echo ready; seq 20000', LIMIT_MS));
    expect(exit).toBe(0);
    expect(stdout).toHaveLength('<<j1 0\nready\n'.length + 108_894);
  });

  test('that changes the shell changes it for itself alone', async () => {
    const { agent } = agentHere();
    await agent.run('word=changed; umask 0', LIMIT_MS);
    expect(await agent.run('echo "$word"; umask', LIMIT_MS)).toMatchObject({ stdout: '\n0077\n' });
  });

  test('runs beside others, in one session', async () => {
    const { agent, cluster } = agentHere();
    const wait = (name: string) =>
      `n=0; until [ -e ${name} ] || [ $n -ge 200 ]; do sleep 0.05; n=$((n+1)); done; [ -e ${name} ]`;
    const first = agent.run(`touch one; ${wait('two')}; echo first`, LIMIT_MS);
    const second = agent.run(`${wait('one')} && touch two; echo second`, LIMIT_MS);
    expect(await Promise.all([first, second])).toEqual([
      { exit: 0, stdout: 'first\n', stderr: '' },
      { exit: 0, stdout: 'second\n', stderr: '' },
    ]);
    expect(cluster.sessions).toHaveLength(1);
  });

  test('is one of many at once, none of which gets what another printed', async () => {
    const { agent } = agentHere();
    const jobs = Array.from({ length: 40 }, (_, i) => agent.run(`echo ${i}; (exit ${i})`, LIMIT_MS));
    expect((await Promise.all(jobs)).map(({ exit }) => exit)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  test('whose command outlives its limit is ended, within a second or so', async () => {
    const { agent } = agentHere();
    const start = performance.now();
    expect(await agent.run('limit 1 sleep 50; echo "after $?"', LIMIT_MS)).toMatchObject({
      exit: 0,
      stdout: 'after 137\n',
    });
    expect(performance.now() - start).toBeGreaterThan(500);
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  test('whose command ends in time keeps its status', async () => {
    const { agent } = agentHere();
    expect(await agent.run('echo in | limit 9 sh -c "cat; exit 3"', LIMIT_MS)).toMatchObject({
      exit: 3,
      stdout: 'in\n',
    });
  });
});

describe('what cannot be trusted is a doubt:', () => {
  test('a job whose session is cut; the next one opens another, and one only', async () => {
    const { agent, cluster } = agentHere();
    expect(await agent.run('echo one', LIMIT_MS)).toMatchObject({ stdout: 'one\n' });
    const lost = agent.run('sleep 30', LIMIT_MS);
    const unsent = agent.run('sleep 30', LIMIT_MS);
    cluster.sessions[0]?.cut('connection reset');
    expect(await unsent).toEqual({ doubt: 'exec: connection reset' });
    expect(await lost).toEqual({ doubt: 'exec: connection reset' });
    for (const word of ['two', 'three']) expect(await agent.run(`echo ${word}`, LIMIT_MS)).toMatchObject({ exit: 0 });
    expect(cluster.sessions).toHaveLength(2);
  });

  test('a job whose frame does not come; its session is given up, and the next one is kept', async () => {
    const { agent, cluster } = agentHere();
    expect(await agent.run('true', LIMIT_MS)).toMatchObject({ exit: 0 });
    expect(await agent.run('sleep 4', 100)).toEqual({ doubt: 'exec: no frame within 2100 ms' });
    const next = agent.run('echo two', LIMIT_MS);
    await cluster.sessions[0]?.ended;
    expect(await next).toMatchObject({ stdout: 'two\n' });
    expect(await agent.run('echo three', LIMIT_MS)).toMatchObject({ stdout: 'three\n' });
    expect(cluster.sessions).toHaveLength(2);
  });

  test('a frame that was damaged on the way', async () => {
    const { agent, cluster } = agentHere();
    cluster.spoil = (chunk) => Buffer.from(chunk.toString('latin1').replace('aGk', 'aGo'), 'latin1');
    expect(await agent.run('printf hi', LIMIT_MS)).toEqual({ doubt: 'exec: the digest does not fit the frame' });
    expect(said.join()).toMatch(/curl-1\/curl: the digest does not fit/);
    expect(await agent.run('printf ho', LIMIT_MS)).toMatchObject({ stdout: 'ho' });
  });

  test('a frame that was lost on the way, as soon as the agent tells that it was written', async () => {
    const { agent, cluster } = agentHere();
    const count = 20;
    for (let i = 0; i < count; i += 1) expect(await agent.run('true', LIMIT_MS)).toMatchObject({ exit: 0 });
    let isLost = false;
    cluster.spoil = (chunk) => {
      const text = chunk.toString('latin1');
      if (isLost || !text.startsWith('<<')) return chunk;
      isLost = true;
      return Buffer.alloc(0);
    };
    const beside = agent.run('sleep 2; echo beside', LIMIT_MS);
    expect(await agent.run('echo lost', 10 * 60_000)).toEqual({ doubt: 'exec: the frame was lost' });
    expect(await beside).toMatchObject({ stdout: 'beside\n' });
    expect(cluster.sessions).toHaveLength(1);
  });

  test('a job whose session has gone silent', async () => {
    const { agent, cluster } = agentHere();
    expect(await agent.run('true', LIMIT_MS)).toMatchObject({ exit: 0 });
    cluster.spoil = () => Buffer.alloc(0);
    expect(await agent.run('true', 10 * 60_000)).toEqual({ doubt: 'exec: the agent was silent for 10 s' });
    cluster.spoil = (chunk) => chunk;
    expect(await agent.run('echo two', LIMIT_MS)).toMatchObject({ stdout: 'two\n' });
  });

  test('a session that cannot be opened', async () => {
    const { agent, cluster } = agentHere();
    cluster.refuse = new Error('pods "curl-1" not found');
    expect(await agent.run('true', LIMIT_MS)).toEqual({ doubt: 'exec: pods "curl-1" not found' });
    cluster.refuse = undefined;
    expect(await agent.run('true', LIMIT_MS)).toMatchObject({ exit: 0 });
  });

  test('an agent that does not start', async () => {
    const { agent, cluster } = agentHere();
    cluster.replace = () => ['sh', '-c', 'echo no >&2; exit 70'];
    expect(await agent.run('true', LIMIT_MS)).toEqual({ doubt: 'exec: the agent did not start' });
    expect(said).toContain('agent in curl-1/curl: no');
  });

  test('a job for a pod that is no longer in use; what the agent had made is gone', async () => {
    const { agent, cluster } = agentHere();
    const made = (await trusted(agent.run('pwd', LIMIT_MS))).stdout.trim();
    expect(readdirSync(made)).toContain('done');
    agent.close();
    expect(await agent.run('true', LIMIT_MS)).toEqual({ doubt: 'the pod is no longer in use' });
    expect(await agent.runAlone('true', LIMIT_MS)).toEqual({ doubt: 'the pod is no longer in use' });
    expect(await cluster.sessions[0]?.ended).toEqual({ exitCode: 0 });
    expect(existsSync(made)).toBe(false);
  });
});

describe('alone, in a session of its own,', () => {
  test('a script runs as in the shared session, and the session ends with it', async () => {
    const { agent, cluster } = agentHere();
    expect(await agent.runAlone("printf 'no end'; echo why >&2; echo in | limit 9 cat; (exit 7)", LIMIT_MS)).toEqual({
      exit: 7,
      stdout: 'no endin\n',
      stderr: 'why\n',
    });
    expect(await cluster.sessions[0]?.ended).toEqual({ exitCode: 0 });
  });

  test('a script is not touched by a session that does not answer', async () => {
    const { agent, cluster } = agentHere();
    expect(await agent.run('true', LIMIT_MS)).toMatchObject({ exit: 0 });
    const stuck = agent.run('sleep 30', LIMIT_MS);
    expect(await agent.runAlone('echo alone', LIMIT_MS)).toMatchObject({ stdout: 'alone\n' });
    expect(cluster.sessions).toHaveLength(2);
    cluster.sessions[0]?.cut('connection reset');
    expect(await stuck).toEqual({ doubt: 'exec: connection reset' });
  });
});

describe('a TCP probe', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    if (server?.listening) await new Promise((resolve) => server?.close(resolve));
  });

  /** Listens on loopback; answers the port. */
  async function listen(serve: (socket: Socket) => void): Promise<number> {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      serve(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** As tcp-echo does; `endsEarly` as a proxy that drops a half-closed connection before it answers. */
  const echo =
    (endsEarly = false) =>
    (socket: Socket): void => {
      let rest = '';
      let isOver = false;
      socket.on('data', (chunk) => {
        rest += chunk;
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        setImmediate(() => {
          if (isOver && endsEarly) return;
          for (const line of lines) socket.write(`echo response: ${line}\n`);
        });
      });
      socket.on('end', () => {
        isOver = true;
        if (endsEarly) socket.destroy();
        else socket.end();
      });
    };

  const withNc = (name: string, body: () => Promise<void>) =>
    test(name, async () => {
      if (tools === undefined) return;
      await body();
    });

  withNc('says its words, and keeps its end open until they are answered', async () => {
    const port = await listen(echo(true));
    const { agent } = agentHere();
    expect(await agent.run(`hello 127.0.0.1 ${port} mp0000000000000001 5`, LIMIT_MS)).toEqual({
      exit: 0,
      stdout: 'echo response: mp0000000000000001\n',
      stderr: '',
    });
  });

  withNc('of which there are many at once leaves nothing behind but the fifos that the next ones use', async () => {
    const port = await listen(echo());
    const { agent } = agentHere();
    // The writer removes the files of 32 jobs at once.
    for (const wave of [0, 16]) {
      const words = Array.from({ length: 16 }, (_, i) => `mp${wave + i}`);
      const probes = words.map((each) => agent.run(`hello 127.0.0.1 ${port} ${each} 5`, LIMIT_MS, true));
      expect((await Promise.all(probes.map(trusted))).map(({ stdout }) => stdout)).toEqual(
        words.map((each) => `echo response: ${each}\n`),
      );
    }
    const left = 'ls | grep -v -e "^done$" -e "^$id[.]" -e "^to[.]" -e "^from[.]"';
    const untilNone = `n=0; while [ -n "$(${left})" ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done; ${left}`;
    expect(await agent.run(untilNone, LIMIT_MS)).toEqual({ exit: 1, stdout: '', stderr: '' });
    const fifos = await trusted(agent.run('ls | grep -c "^to[.]"', LIMIT_MS));
    expect(Number(fifos.stdout)).toBeLessThanOrEqual(16);
  });

  withNc('that is accepted and closed ends at once, with nothing', async () => {
    const port = await listen((socket) => socket.end());
    const { agent } = agentHere();
    const start = performance.now();
    expect(await agent.run(`hello 127.0.0.1 ${port} mp0000000000000001 15`, LIMIT_MS)).toMatchObject({ stdout: '' });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  withNc('that is refused ends with the status of nc', async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    const { agent } = agentHere();
    const { exit, stdout } = await trusted(agent.run(`hello 127.0.0.1 ${port} mp0000000000000001 5`, LIMIT_MS));
    expect(exit).toBe(1);
    expect(stdout).toBe('');
  });

  withNc('that is never answered is ended at its limit', async () => {
    const port = await listen(() => undefined);
    const { agent } = agentHere();
    expect(await agent.run(`hello 127.0.0.1 ${port} mp0000000000000001 1; echo "status $?"`, LIMIT_MS)).toMatchObject({
      stdout: 'status 137\n',
    });
  });

  /** The route to a port of this machine. */
  const routeTo = (port: number): Route => ({
    client: { app: 'curl', namespace: 'curl', serviceAccount: 'curl', container: 'curl', enrolled: true },
    server: undefined,
    protocol: 'tcp',
    host: '127.0.0.1',
    port,
    manner: 'plain',
  });

  withNc('stays open: both lines of one connection are answered', async () => {
    let connections = 0;
    const port = await listen((socket) => {
      connections += 1;
      echo()(socket);
    });
    const { agent } = agentHere();
    const connection = new OpenConnection(agent, routeTo(port), 'mp0000000000000001');
    await lineFrom(sockets);
    expect(await connection.finish()).toEqual({ first: true, second: true });
    expect(connections).toBe(1);
  });

  withNc('stays open: what is cut off in between shows', async () => {
    const port = await listen((socket) => {
      socket.once('data', (chunk) => {
        socket.write(`echo response: ${chunk}`);
        socket.on('data', () => socket.destroy());
      });
    });
    const { agent } = agentHere();
    const connection = new OpenConnection(agent, routeTo(port), 'mp0000000000000001');
    await lineFrom(sockets);
    expect(await connection.finish()).toEqual({ first: true, second: false });
  });

  withNc('stays open: a session that is cut shows nothing', async () => {
    const port = await listen(echo());
    const { agent, cluster } = agentHere();
    const connection = new OpenConnection(agent, routeTo(port), 'mp0000000000000001');
    await lineFrom(sockets);
    cluster.sessions[0]?.cut('connection reset');
    expect(await connection.finish()).toBeUndefined();
  });

  /** Waits until a connection has brought its first line. */
  async function lineFrom(from: Set<Socket>): Promise<void> {
    if (from.size === 0 && server !== undefined) await once(server, 'connection');
    const [socket] = from;
    if (socket !== undefined && socket.bytesRead === 0) await once(socket, 'data');
  }
});

describe('a name that is looked up', () => {
  /** An agent whose `getent` is this script. */
  const agentWith = (getent: string) => {
    const folder = mkdtempSync(join(temporary, 'getent-'));
    writeFileSync(join(folder, 'getent'), `#!/bin/sh\n${getent}\n`, { mode: 0o755 });
    const before = path;
    path = `${folder}:${before}`;
    const { agent: made } = agentHere();
    path = before;
    return { made, folder };
  };
  const script = 'lookup name.of; found && echo "$address"';

  test('has its first address, after a lookup that stalled and was tried again', async () => {
    const { made } = agentWith(
      'if mkdir "$0.tried"; then exec sleep 60; fi; echo "10.96.0.1 STREAM $2"; echo "10.96.0.1 DGRAM"',
    );
    expect(await made.run(script, 10_000)).toMatchObject({ exit: 0, stdout: '10.96.0.1\n' });
  });

  test('is left to the tool where the image has no getent', async () => {
    const folder = mkdtempSync(join(temporary, 'tools-'));
    for (const tool of [
      'sh',
      'mktemp',
      'mkfifo',
      'mkdir',
      'cat',
      'rm',
      'sleep',
      'head',
      'tr',
      'sha256sum',
      'base64',
      'nc',
    ]) {
      const place = path.split(':').find((each) => existsSync(join(each, tool)));
      if (place !== undefined) symlinkSync(join(place, tool), join(folder, tool));
    }
    const before = path;
    path = folder;
    const { agent: made } = agentHere();
    path = before;
    expect(await made.run(`${script}; echo "$known"`, 10_000)).toMatchObject({ exit: 0, stdout: 'name.of\n\n' });
  });

  test('that does not resolve is not connected to, and says so', async () => {
    const { made } = agentWith('exit 2');
    expect(await made.run(script, 10_000)).toMatchObject({ exit: 6, stdout: '', stderr: 'the name did not resolve\n' });
  });
});
