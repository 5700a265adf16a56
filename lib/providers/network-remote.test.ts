import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
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

function file(content: string): string {
  const name = path.join(tools.folder, 'config.yaml');
  writeFileSync(name, content);
  return name;
}
const kubeconfig = (port: number) => file(`clusters: [{cluster: {server: "https://127.0.0.1:${port}"}}]`);
async function closedPort(): Promise<number> {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  return port;
}

test('an engine of this machine is no reason to refuse anything', async () => {
  await expectReachable(kubeconfig(await closedPort()), context, 300);
  process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:2375';
  await expectReachable(kubeconfig(await closedPort()), context, 300);
});

describe("a cluster's API on another machine", () => {
  test('that takes connections is reachable', async () => {
    process.env['DOCKER_HOST'] = 'ssh://me@build-1';
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await expectReachable(kubeconfig((server.address() as AddressInfo).port), context);
    server.close();
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
      () => {
        process.env['KIND_EXPERIMENTAL_PROVIDER'] = 'podman';
        process.env['CONTAINER_HOST'] = 'ssh://me@build-1';
      },
      'podman',
    ],
  ])('that takes none is reported with its address and the remedy: named by %s', async (_, name, engine) => {
    name();
    const port = await closedPort();
    await expect(expectReachable(kubeconfig(port), context, 300)).rejects.toMatchObject({
      name: 'EnvironmentError',
      message: expect.stringMatching(
        new RegExp(`^${engine} runs on another machine .*127\\.0\\.0\\.1:${port} cannot be reached \\(.*ECONNREFUSED`),
      ),
      remedy: expect.stringMatching(/networking\.apiServerAddress .* build-1 .* run Meshproof on build-1$/),
    });
  });
});
