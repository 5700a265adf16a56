import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { FIXTURE_IMAGES } from '../../fixtures/table.ts';
import { runCommand } from '../../processes/command.ts';
import type { Manifest } from '../cluster.ts';
import { type ContractSetup, missingProgram, openSetup, unless } from '../testing/contract-setup.ts';

/** Longest that one command may take, ms. */
const COMMAND_MS = 40_000;

const noKubectl = await missingProgram('kubectl');
const noScript = await missingProgram('script');

interface Answer {
  status: number | undefined;
  stdout: string;
  stderr: string;
}

unless(noKubectl, describe)('kubectl', () => {
  let setup: ContractSetup;
  let home: string;
  beforeAll(async () => {
    setup = await openSetup();
    home = mkdtempSync(path.join(tmpdir(), 'meshproof-kubectl-'));
  });
  afterAll(async () => {
    rmSync(home, { recursive: true });
    await setup.close();
  });

  /** With a cache of its own, because kubectl's may be of another cluster at this address. */
  const own = () => ['--kubeconfig', setup.kubeconfig, '--namespace', setup.namespace, '--cache-dir', home];

  async function kubectl(args: string[], input = ''): Promise<Answer> {
    const argv = ['kubectl', ...own(), ...args];
    const { exitCode: status, stdout, stderr } = await runCommand(argv, { timeoutMs: COMMAND_MS, input });
    return { status, stdout, stderr };
  }

  async function printed(args: string[], input?: string): Promise<string> {
    const answer = await kubectl(args, input);
    expect(answer).toMatchObject({ status: 0 });
    return answer.stdout.trim();
  }

  const apply = (manifest: Manifest, ...options: string[]) =>
    kubectl(['apply', '--filename', '-', ...options], stringify(manifest));

  function configMap(name: string, fields: object): Manifest {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...fields };
  }

  function workload(name: string, script: string): Manifest {
    const labels = { app: name };
    const container = { name: 'main', image: FIXTURE_IMAGES.curl, command: ['sh', '-c', script] };
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
      },
    };
  }

  test('apply creates, leaves alone, changes, and refuses what it does not know', async () => {
    const settings = (colour: string) => configMap('settings', { data: { colour } });
    expect((await apply(settings('red'))).stdout).toBe('configmap/settings created');
    expect((await apply(settings('red'))).stdout).toBe('configmap/settings unchanged');
    expect((await apply(settings('blue'), '--dry-run=server')).stdout).toBe(
      'configmap/settings configured (server dry run)',
    );
    expect((await apply(settings('blue'))).stdout).toBe('configmap/settings configured');
    expect((await apply(settings('green'), '--server-side', '--force-conflicts')).stdout).toBe(
      'configmap/settings serverside-applied',
    );
    expect(await printed(['get', 'configmap', 'settings', '--output', 'jsonpath={.data}'])).toBe('{"colour":"green"}');

    const misspelt = await apply(configMap('misspelt', { dta: {} }));
    expect(misspelt).toMatchObject({ status: 1, stderr: expect.stringContaining('unknown field "dta"') });
  });

  test('get selects, prints tables, and reports what does not exist', async () => {
    await setup.pod('shown', 'sleep 2147483647');
    await printed(['label', 'pod', 'shown', 'part=one']);
    const table = await printed(['get', 'pods', '--selector', 'part=one', '--output', 'wide']);
    expect(table.split('\n').map((row) => row.split(/ {2,}/).slice(0, 7))).toEqual([
      ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE', 'IP', 'NODE'],
      ['shown', '1/1', 'Running', '0', expect.any(String), expect.stringMatching(/^[\d.]+$/), expect.any(String)],
    ]);
    const running = ['get', 'pods', '--field-selector', 'status.phase=Running', '--output', 'name'];
    expect((await printed(running)).split('\n')).toContain('pod/shown');
    expect(await kubectl(['get', 'pods', '--selector', 'part=two'])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: `No resources found in ${setup.namespace} namespace.`,
    });
    expect(await kubectl(['get', 'pod', 'nobody'])).toMatchObject({
      status: 1,
      stderr: 'Error from server (NotFound): pods "nobody" not found',
    });
    expect((await kubectl(['get', 'nonsense'])).stderr).toContain(
      'the server doesn\'t have a resource type "nonsense"',
    );
    const nodes = (await printed(['get', 'nodes', '--output', 'wide'])).split('\n')[0] ?? '';
    expect(nodes.split(/ {2,}/).slice(0, 8)).toEqual([
      ...['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION'],
      ...['INTERNAL-IP', 'EXTERNAL-IP', 'OS-IMAGE'],
    ]);
  });

  test('describe shows state, containers and events of a pod, and what a Deployment has made', async () => {
    await apply(workload('described', 'sleep 2147483647'));
    await printed(['rollout', 'status', 'deployment/described', '--timeout', '30s']);
    const pod = await printed(['describe', 'pod', '--selector', 'app=described']);
    expect(pod).toMatch(/^Status: +Running$/m);
    expect(pod).toMatch(/^ +Image: +curlimages\/curl:8\.17\.0$/m);
    expect(pod).toMatch(/^ +State: +Running$/m);
    expect(pod).toMatch(/^ +Ready +True *$/m);
    expect(pod).toMatch(/Normal +Scheduled .* default-scheduler +Successfully assigned/);
    expect(pod).toMatch(/Normal +Started .* kubelet/);

    const deployment = await printed(['describe', 'deployment', 'described']);
    expect(deployment).toContain('1 desired | 1 updated | 1 total | 1 available | 0 unavailable');
    expect(deployment).toMatch(/^NewReplicaSet: +described-\w+ \(1\/1 replicas created\)$/m);
  });

  test('exec keeps streams apart, takes input and gives the status', async () => {
    await setup.pod('asked', 'sleep 2147483647');
    const both = ['exec', 'asked', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3'];
    expect(await kubectl(both)).toEqual({
      status: 3,
      stdout: 'out',
      stderr: 'err\ncommand terminated with exit code 3',
    });
    expect(await printed(['exec', '--stdin', 'asked', '--', 'cat'], 'some input')).toBe('some input');
    expect(await kubectl(['exec', 'asked', '--container', 'other', '--', 'true'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('container other is not valid for pod asked'),
    });
  });

  unless(noScript, test)('exec gives a command a terminal, and takes what is typed there', async () => {
    await setup.pod('typed-to', 'sleep 2147483647');
    const asking = `test -t 0 && test -t 1 && echo "it is"; read -r words; echo "got $words"; exit 3`;
    const command = ['kubectl', ...own(), 'exec', '--stdin', '--tty', 'typed-to', '--', 'sh', '-c', `'${asking}'`];
    const argv = ['script', '-qec', command.join(' '), '/dev/null'];
    const answer = await runCommand(argv, { timeoutMs: COMMAND_MS, input: "it's me\n" });
    expect(answer.stdout).toMatch(/^it is\r?$/m);
    expect(answer.stdout).toMatch(/^got it's me\r?$/m);
    expect(answer.exitCode).toBe(3);
  });

  test('logs follows until the container ends, and shows a part of them', async () => {
    const mailbox = `/tmp/${setup.namespace}-received`;
    await setup.pod('talker', `echo first; until [ -e ${mailbox} ]; do sleep 0.05; done; rm ${mailbox}; echo last`);
    expect(await printed(['logs', 'talker', '--timestamps', '--tail', '1'])).toMatch(/^\d{4}-.*Z first$/);
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const argv = ['kubectl', ...own(), 'logs', '--follow', 'talker'];
    const follower = runCommand(argv, { timeoutMs: COMMAND_MS, line: begin });
    await begun;
    await printed(['exec', 'talker', '--', 'touch', mailbox]);
    expect((await follower).stdout).toBe('first\nlast');
    expect((await kubectl(['logs', 'talker', '--container', 'other'])).stderr).toContain(
      'container other is not valid for pod talker',
    );
  });

  test('wait ends when a condition is met, when an object is gone, and when time is up', async () => {
    await apply(workload('awaited', 'sleep 2147483647'));
    expect(await printed(['wait', '--for', 'condition=Available', 'deployment/awaited', '--timeout', '30s'])).toBe(
      'deployment.apps/awaited condition met',
    );
    const pod = await printed(['get', 'pods', '--selector', 'app=awaited', '--output', 'name']);
    expect(await kubectl(['wait', '--for', 'jsonpath={.status.phase}=Failed', pod, '--timeout', '1s'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('timed out waiting for the condition'),
    });
    const gone = kubectl(['wait', '--for', 'delete', pod, '--timeout', '30s']);
    await printed(['delete', 'deployment', 'awaited']);
    expect(await gone).toMatchObject({ status: 0 });
  });

  test('delete waits until the object is gone, and a Deployment takes its pods with it', async () => {
    await apply(workload('deleted', 'sleep 2147483647'));
    await printed(['rollout', 'status', 'deployment/deleted', '--timeout', '30s']);
    const twice = ['patch', 'deployment', 'deleted', '--patch', '{"spec":{"replicas":2}}'];
    expect(await printed(twice)).toBe('deployment.apps/deleted patched');
    await printed(['rollout', 'status', 'deployment/deleted', '--timeout', '30s']);
    expect((await printed(['get', 'pods', '--selector', 'app=deleted', '--output', 'name'])).split('\n')).toHaveLength(
      2,
    );

    expect(await printed(['delete', 'deployment', 'deleted', '--cascade=foreground'])).toBe(
      'deployment.apps "deleted" deleted',
    );
    expect(
      await printed(['get', 'deployments,replicasets,pods', '--selector', 'app=deleted', '--output', 'name']),
    ).toBe('');
    expect(await kubectl(['delete', 'deployment', 'deleted'])).toMatchObject({ status: 1 });
    expect((await kubectl(['delete', 'deployment', 'deleted', '--ignore-not-found'])).status).toBe(0);
  });
});
