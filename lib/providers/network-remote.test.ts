import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ClusterError } from '../kube/cluster.ts';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { expectReachable } from './network.ts';

const context = { signal: new AbortController().signal, child: () => undefined };
const VARIABLES = ['DOCKER_HOST', 'CONTAINER_HOST', 'KIND_EXPERIMENTAL_PROVIDER'] as const;
const before = VARIABLES.map((name) => [name, process.env[name]] as const);

let tools: FakeTools;
beforeEach(() => {
  tools = new FakeTools();
  tools.add('docker', 'echo unix:///var/run/docker.sock');
  for (const name of VARIABLES) delete process.env[name];
});
afterEach(() => {
  tools.remove();
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const reachable = { version: async () => 'v1' };
const unreachable = {
  version: async () => {
    throw new ClusterError('unreachable', 'cannot get /version: connect ECONNREFUSED 127.0.0.1:6443');
  },
};

test('on this machine, nothing is asked', async () => {
  await expectReachable(unreachable, context);
  process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:2375';
  await expectReachable(unreachable, context);
});

test('on another machine, a cluster that answers is reachable', async () => {
  process.env['DOCKER_HOST'] = 'ssh://me@build-1';
  await expectReachable(reachable, context);
});

test.each([
  ['the variable', () => Object.assign(process.env, { DOCKER_HOST: 'ssh://me@build-1' }), 'docker'],
  [
    "docker's context",
    () => tools.add('docker', 'case "$*" in "context inspect"*) echo ssh://me@build-1;; esac'),
    'docker',
  ],
  [
    "podman's variable",
    () => Object.assign(process.env, { KIND_EXPERIMENTAL_PROVIDER: 'podman', CONTAINER_HOST: 'ssh://me@build-1' }),
    'podman',
  ],
])('one that does not is reported with its address and the remedy: named by %s', async (_, name, engine) => {
  name();
  await expect(expectReachable(unreachable, context)).rejects.toMatchObject({
    name: 'EnvironmentError',
    message: expect.stringMatching(
      new RegExp(`^${engine} runs on another machine \\(ssh://me@build-1\\), .*ECONNREFUSED 127\\.0\\.0\\.1:6443$`),
    ),
    remedy: expect.stringMatching(/networking\.apiServerAddress .* build-1 .* run Meshproof on build-1$/),
  });
});
