import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { eventually, type TestCluster } from './testing/cluster.ts';
import {
  canRunSandboxes,
  processesIn,
  processRunning,
  type TestSandbox,
  testSandbox,
  userNamespaceOf,
} from './testing/sandbox.ts';
import { curl, httpbin, namespace, pod, service, tcpEcho } from './testing/workloads.ts';

jest.setTimeout(90_000);
const describeSandbox = (await canRunSandboxes()) ? describe : describe.skip;

interface Status {
  restartCount: number;
  state: { waiting?: { reason: string }; running?: object };
  lastState?: { terminated?: { exitCode: number } };
}

async function statusOf(cluster: TestCluster, app: string): Promise<Status | undefined> {
  const found = await cluster.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'demo', name: app });
  return (found.status?.['containerStatuses'] as Status[] | undefined)?.[0];
}

describeSandbox('a sandbox', () => {
  let sandbox: TestSandbox;
  let cluster: TestCluster;
  const sh = (script: string, stdin?: string) => cluster.exec('demo', 'client', 'curl', ['sh', '-c', script], stdin);

  beforeAll(async () => {
    sandbox = await testSandbox();
    cluster = sandbox.cluster;
    const mount = { volumeMounts: [{ name: 'shared', mountPath: '/probe' }] };
    await cluster.create(
      namespace('demo'),
      ...pod('demo', 'client', [curl(mount), { ...curl(mount), name: 'second' }], {
        volumes: [{ name: 'shared', emptyDir: {} }],
      }),
      ...pod('demo', 'httpbin', [httpbin()]),
      service('demo', 'httpbin', 'http', [14001]),
      ...pod('demo', 'tcp-echo', [tcpEcho()]),
      service('demo', 'tcp-echo', 'tcp', [9000]),
    );
    await Promise.all(['client', 'httpbin', 'tcp-echo'].map((app) => cluster.readyPod('demo', app)));
  });

  afterAll(async () => {
    await sandbox?.end();
  });

  test.each(['httpbin', 'httpbin.demo', 'httpbin.demo.svc', 'httpbin.demo.svc.cluster.local'])(
    'a client reaches a Service as %s',
    async (name) => {
      expect(await sh(`curl -s -o /dev/null -w '%{http_code}' http://${name}:14001/get`)).toEqual({
        exit: 0,
        stdout: '200',
        stderr: '',
      });
    },
  );

  test('a Service has an EndpointSlice with its ready pods', async () => {
    const slice = await cluster.get({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      namespace: 'demo',
      name: 'tcp-echo-slice',
    });
    const pod = await cluster.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'demo', name: 'tcp-echo' });
    expect(slice).toMatchObject({
      metadata: { labels: { 'kubernetes.io/service-name': 'tcp-echo' } },
      endpoints: [{ addresses: [pod.status?.['podIP']] }],
      ports: [{ name: 'tcp-9000', port: 9000, protocol: 'TCP' }],
    });
  });

  test('an unknown name is not found, without delay', async () => {
    expect((await sh('curl -s --max-time 2 http://nobody.demo:14001/')).exit).toBe(6);
  });

  test('the node has the same hardware address after more pods start', async () => {
    const seenBy = async (name: string): Promise<string> => {
      const script = `curl -s -o /dev/null http://httpbin.demo:14001/get; awk '/^10.244.0.1 / { print $4 }' /proc/net/arp`;
      return (await cluster.exec('demo', name, 'curl', ['sh', '-c', script])).stdout;
    };
    const before = await seenBy('client');
    const others = Array.from({ length: 8 }, (_, n) => `other-${n}`);
    await cluster.create(...others.flatMap((name) => pod('demo', name, [curl()])));
    await Promise.all(others.map((name) => cluster.readyPod('demo', name)));
    expect(await seenBy('other-7')).toBe(before);
  });

  test('nc half-closes at the end of its input and prints the answer', async () => {
    expect(await sh('echo hello | nc -w 5 tcp-echo.demo 9000')).toEqual({
      exit: 0,
      stdout: 'echo response: hello\n',
      stderr: '',
    });
  });

  test('the address of a Service refuses a port that only the pod has', async () => {
    expect((await sh('curl -s --max-time 2 http://tcp-echo.demo:9001/')).exit).toBe(7);
  });

  test('the log of a server has the query', async () => {
    await sh('curl -s "http://httpbin.demo:14001/get?nonce=abc123"');
    const server = await cluster.log('demo', 'httpbin', 'httpbin');
    expect(server).toMatch(/uri=\/get\?nonce=abc123 /);
  });

  test('exec separates the streams, takes input and reports the status', async () => {
    expect(await sh('cat; echo problem >&2; exit 7', 'some input')).toEqual({
      exit: 7,
      stdout: 'some input',
      stderr: 'problem\n',
    });
  });

  test('a command can open its streams by name', async () => {
    expect(await sh('cat /dev/stdin > /dev/stderr; echo out > /dev/stdout', 'in')).toEqual({
      exit: 0,
      stdout: 'out\n',
      stderr: 'in',
    });
  });

  test('a killed command has status 137', async () => {
    expect((await sh('kill -9 $$')).exit).toBe(137);
  });

  test('containers of a pod share its network and its volumes, and each has its own /tmp', async () => {
    await sh('echo shared > /probe/file; echo own > /tmp/file');
    const second = await cluster.exec('demo', 'client', 'second', ['sh', '-c', 'cat /probe/file; ls /tmp; hostname']);
    expect(second.stdout).toBe('shared\nclient\n');
  });

  test('a container cannot write to the files of the machine', async () => {
    const { exit, stderr } = await sh('touch /usr/written-by-a-test');
    expect([exit, stderr]).toEqual([1, expect.stringContaining('Read-only file system')]);
  });

  test('a killed container starts again, and its status counts the restart', async () => {
    await cluster.create(...pod('demo', 'victim', [curl({ command: ['sleep', '12345'] })]));
    await cluster.readyPod('demo', 'victim');
    process.kill(processRunning('sleep 12345', userNamespaceOf(sandbox.sandbox.pid)), 'SIGKILL');
    const after = await eventually('restart', async () => {
      const status = await statusOf(cluster, 'victim');
      return status?.restartCount === 1 && status.state.running !== undefined ? status : undefined;
    });
    expect(after.lastState?.terminated?.exitCode).toBe(137);
  });

  test('a container that crashes repeatedly waits before its next start', async () => {
    await cluster.create(...pod('demo', 'crashing', [curl({ command: ['sh', '-c', 'exit 3'] })]));
    const status = await eventually('CrashLoopBackOff', async () => {
      const found = await statusOf(cluster, 'crashing');
      return found?.state.waiting?.reason === 'CrashLoopBackOff' && found.restartCount >= 2 ? found : undefined;
    });
    expect(status.lastState?.terminated?.exitCode).toBe(3);
  });

  test('an unknown image gets the status of an image that cannot be pulled', async () => {
    await cluster.create(...pod('demo', 'unknown', [curl({ image: 'nobody/no-such-image:1' })]));
    const reasons = new Set<string>();
    await eventually('ImagePullBackOff', async () => {
      const reason = (await statusOf(cluster, 'unknown'))?.state.waiting?.reason;
      if (reason !== undefined) reasons.add(reason);
      return reason === 'ImagePullBackOff' ? true : undefined;
    });
    expect(reasons).toContain('ErrImagePull');
  });
});

describeSandbox('the network of a sandbox', () => {
  test('keeps the hardware address of the node when the first pod ends', async () => {
    const { sandbox, cluster, end } = await testSandbox();
    const inNetwork = ['--target', String(sandbox.pid), '--net', 'ip', '-brief', 'link', 'show', 'br0'];
    const hardwareAddress = (): string | undefined =>
      execFileSync('nsenter', inNetwork, { encoding: 'utf8' }).split(/\s+/)[2];
    try {
      const before = hardwareAddress();
      const nameServer = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'coredns' };
      await cluster.patch(nameServer, { spec: { replicas: 0 } });
      await eventually('no pod', async () =>
        (await cluster.list('v1', 'Pod', 'kube-system')).length === 0 ? true : undefined,
      );
      expect(hardwareAddress()).toBe(before);
    } finally {
      await end();
    }
  });
});

describeSandbox('the end of a sandbox', () => {
  test('stop leaves no process', async () => {
    const { sandbox, cluster, end } = await testSandbox();
    await cluster.create(namespace('demo'), ...pod('demo', 'client', [curl()]));
    await cluster.readyPod('demo', 'client');
    const inside = userNamespaceOf(sandbox.pid);
    await end();
    expect(processesIn(inside)).toEqual([]);
  });

  test('stop leaves no process if it has to kill', async () => {
    const { sandbox, end } = await testSandbox();
    const inside = userNamespaceOf(sandbox.pid);
    for (const pid of processesIn(inside)) process.kill(pid, 'SIGSTOP');
    await end();
    expect(processesIn(inside)).toEqual([]);
  });

  test('a sandbox ends with its owner, even if the owner is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-test-'));
    const script = `
      import { startSandbox } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
      const { pid } = await startSandbox({ folder: ${JSON.stringify(folder)} });
      console.log(pid);`;
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [pid] = await once(owner.stdout, 'data');
    const inside = userNamespaceOf(Number(pid));
    expect(processesIn(inside)).not.toEqual([]);
    owner.kill('SIGKILL');
    await eventually('no process left', async () => (processesIn(inside).length === 0 ? true : undefined));
    rmSync(folder, { recursive: true });
  });

  test('Services have names in the given domain only', async () => {
    const { cluster, end } = await testSandbox({ clusterDomain: 'mesh.example' });
    try {
      await cluster.create(
        namespace('demo'),
        ...pod('demo', 'client', [curl()]),
        ...pod('demo', 'httpbin', [httpbin()]),
        service('demo', 'httpbin', 'http', [14001]),
      );
      await Promise.all(['client', 'httpbin'].map((app) => cluster.readyPod('demo', app)));
      const ask = (name: string) =>
        cluster.exec('demo', 'client', 'curl', ['curl', '-s', '-o', '/dev/null', `http://${name}:14001/get`]);
      expect((await ask('httpbin.demo')).exit).toBe(0);
      expect((await ask('httpbin.demo.svc.mesh.example')).exit).toBe(0);
      expect((await ask('httpbin.demo.svc.cluster.local')).exit).toBe(6);
    } finally {
      await end();
    }
  });

  test('sandboxes run side by side', async () => {
    const both = await Promise.all([testSandbox(), testSandbox()]);
    try {
      await Promise.all(
        both.map(({ cluster }) => cluster.create(namespace('demo'), ...pod('demo', 'client', [curl()]))),
      );
      await Promise.all(both.map(({ cluster }) => cluster.readyPod('demo', 'client')));
      await both[0].end();
      expect((await both[1].cluster.exec('demo', 'client', 'curl', ['hostname'])).stdout).toBe('client\n');
    } finally {
      await both[1].end();
    }
  });
});
