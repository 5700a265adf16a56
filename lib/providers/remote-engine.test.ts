import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { expectReachable, refuseUnreachable } from './remote-engine.ts';

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
const config = (networking: string) => file(`kind: Cluster\nnetworking: {${networking}}\n`);

describe('a cluster on an engine of another machine', () => {
  const refusal = {
    name: 'EnvironmentError',
    message: expect.stringMatching(
      /^docker runs on another machine \(ssh:\/\/me@build-1\), and kind would publish .* at /,
    ),
    remedy: expect.stringMatching(/networking\.apiServerAddress .* build-1 .* run Meshproof on build-1$/),
  };

  test.each([
    ['nothing', ''],
    ['the loopback address', 'apiServerAddress: 127.0.0.1'],
    ['every address', 'apiServerAddress: 0.0.0.0, apiServerPort: 6443'],
  ])('is refused before it is made where kind is received of %s', async (_what, networking) => {
    process.env['DOCKER_HOST'] = 'ssh://me@build-1';
    await expect(refuseUnreachable(config(networking), context)).rejects.toMatchObject(refusal);
  });

  test.each([
    ['an address there', 'apiServerAddress: 192.0.2.7'],
    ['a port, which may be forwarded', 'apiServerPort: 6443'],
  ])('is not refused where kind is received of %s', async (_what, networking) => {
    process.env['DOCKER_HOST'] = 'ssh://me@build-1';
    await refuseUnreachable(config(networking), context);
  });

  test('is noticed from the context that docker uses', async () => {
    tools.add('docker', 'case "$*" in "context inspect"*) echo ssh://me@build-1;; esac');
    await expect(refuseUnreachable(config(''), context)).rejects.toMatchObject(refusal);
  });

  test('is noticed with podman', async () => {
    process.env['KIND_EXPERIMENTAL_PROVIDER'] = 'podman';
    process.env['CONTAINER_HOST'] = 'ssh://me@build-1/run/podman.sock';
    await expect(refuseUnreachable(config(''), context)).rejects.toThrow('podman runs on another machine');
  });

  test('leaves a configuration that cannot be read to kind', async () => {
    await refuseUnreachable('/no/such/file', context);
    process.env['DOCKER_HOST'] = 'ssh://me@build-1';
    await expect(refuseUnreachable(file('{'), context)).rejects.toMatchObject(refusal);
  });
});

test('an engine of this machine is no reason to refuse anything', async () => {
  await refuseUnreachable(config(''), context);
  process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:2375';
  await refuseUnreachable(config(''), context);
});

describe("a cluster's API on another machine", () => {
  const kubeconfig = (port: number) => file(`clusters: [{cluster: {server: "https://127.0.0.1:${port}"}}]`);

  test('that takes connections is reachable', async () => {
    process.env['DOCKER_HOST'] = 'ssh://me@build-1';
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await expectReachable(kubeconfig((server.address() as AddressInfo).port), context);
    server.close();
  });

  test('that takes none is received with its address and the remedy, and not waited for', async () => {
    process.env['DOCKER_HOST'] = 'ssh://me@build-1';
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(expectReachable(kubeconfig(port), context, 300)).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port} cannot be reached \\(.*ECONNREFUSED`)),
      remedy: expect.stringContaining('networking.apiServerAddress'),
    });
  });
});
