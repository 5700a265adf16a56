import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { engine, isLoopback, kindNetwork, remoteHost } from './engine.ts';

let tools: FakeTools;
beforeEach(() => {
  tools = new FakeTools(false);
});
afterEach(() => tools.remove());

const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ ...process.env, ...more });

describe('the container engine', () => {
  test('is docker where nothing is installed', () => {
    expect(engine(environment())).toBe('docker');
  });

  test.each(['nerdctl', 'finch', 'podman'])('is %s where that is all there is, as for kind', (name) => {
    tools.add(name, '');
    expect(engine(environment())).toBe(name);
  });

  test('is podman where that is what answers to the name of docker', () => {
    tools.add('podman', '');
    tools.add('docker', '', 'podman');
    expect(engine(environment())).toBe('podman');
  });

  test('is docker before all others', () => {
    for (const name of ['podman', 'docker', 'nerdctl']) tools.add(name, '');
    expect(engine(environment())).toBe('docker');
  });

  test('is the one that the environment names, of those that kind knows', () => {
    expect(engine(environment({ KIND_EXPERIMENTAL_PROVIDER: 'nerdctl.lima' }))).toBe('nerdctl.lima');
    expect(engine(environment({ KIND_EXPERIMENTAL_PROVIDER: 'lxc' }))).toBe('docker');
  });
});

describe("kind's network", () => {
  const both = { KIND_EXPERIMENTAL_DOCKER_NETWORK: 'of-docker', KIND_EXPERIMENTAL_PODMAN_NETWORK: 'of-podman' };
  test.each([
    ['docker', 'of-docker'],
    ['podman', 'of-podman'],
    ['nerdctl', 'of-docker'],
  ])('with %s is what the variable of that engine says', (name, network) => {
    expect(kindNetwork(environment({ ...both, KIND_EXPERIMENTAL_PROVIDER: name }))).toBe(network);
    expect(kindNetwork(environment({ KIND_EXPERIMENTAL_PROVIDER: name }))).toBe('kind');
  });
});

describe("an engine's endpoint", () => {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  test.each([
    ['unix:///var/run/docker.sock', undefined],
    ['npipe:////./pipe/docker_engine', undefined],
    ['tcp://127.0.0.1:2375', undefined],
    ['tcp://localhost:2375', undefined],
    ['tcp://[::1]:2375', undefined],
    ['', undefined],
    ['ssh://me@build-1.example.org', 'build-1.example.org'],
    ['tcp://192.0.2.7:2376', '192.0.2.7'],
    ['tcp://docker:2375', 'docker'],
  ])('%s is on %s', (endpoint, host) => {
    expect(remoteHost(endpoint)).toBe(host);
  });
  test('at an address of this machine is here', () => {
    for (const { address, family } of own) {
      const host = family === 'IPv6' ? `[${address}]` : address;
      expect(remoteHost(`tcp://${host}:2375`)).toBeUndefined();
    }
  });
});

test.each([
  ['127.4.0.1', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost', true],
  ['192.0.2.1', false],
  ['localhost.example.org', false],
])('loopback %s: %s', (host, is) => {
  expect(isLoopback(host)).toBe(is);
});
