import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { clusterContainers, networkOf, nodesOf, runEngine } from './runtime.ts';

const context = { signal: new AbortController().signal, child: () => undefined };
const NETWORK = 'KIND_EXPERIMENTAL_DOCKER_NETWORK';
const before = process.env[NETWORK];

let tools: FakeTools;
beforeEach(() => {
  tools = new FakeTools();
  tools.add('kind', 'printf "x-external-load-balancer\\nx-stray\\nx-control-plane\\nx-worker\\n"');
  tools.add(
    'docker',
    `case "$1 $*" in
      ps*) printf "x-external-load-balancer\\nx-stray\\nx-control-plane\\nx-worker\\n";;
      inspect*Networks*) printf "mine\\nother\\n";;
      inspect*) printf "/x-external-load-balancer running external-load-balancer\\n/x-stray exited \\n"
        printf "/x-control-plane running control-plane\\n/x-worker running worker\\n";;
    esac`,
  );
});
afterEach(() => {
  tools.remove();
  if (before === undefined) delete process.env[NETWORK];
  else process.env[NETWORK] = before;
});

test('nodes are the containers in which a kubelet runs, and no others of the cluster', async () => {
  expect(await nodesOf('x', context)).toEqual(['x-control-plane', 'x-worker']);
});

test('a cluster exists as long as any of its containers does', async () => {
  expect(await clusterContainers('x', context)).toHaveLength(4);
});

test('the network of a cluster is the one that its nodes are on, whatever the environment says now', async () => {
  process.env[NETWORK] = 'gone';
  expect(await networkOf('x', context)).toBe('mine');
  process.env[NETWORK] = 'other';
  expect(await networkOf('x', context)).toBe('other');
});

test('the remedy for an engine on another machine names the variable, and does not say to start it here', async () => {
  const host = process.env['DOCKER_HOST'];
  process.env['DOCKER_HOST'] = 'tcp://build.invalid:2375';
  tools.add('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
  try {
    const remedy = expect.stringContaining('make DOCKER_HOST=tcp://build.invalid:2375 reachable');
    await expect(runEngine(['ps'], context)).rejects.toMatchObject({ remedy });
  } finally {
    if (host === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = host;
  }
});
