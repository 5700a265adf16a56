import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readFixtures } from '../fixtures/index.ts';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { type EgressTargetServers, startEgressTarget } from './egress-target.ts';

let tools: FakeTools;
const beforeCreate = jest.fn<(name: string) => void>();
const gone = jest.fn<(name: string) => void>();
beforeEach(() => {
  tools = new FakeTools();
  beforeCreate.mockClear();
  gone.mockClear();
});
afterEach(() => tools.remove());

const manifests = await readFixtures('unmeshed');
const start = (isIPv6 = false): Promise<EgressTargetServers> =>
  startEgressTarget(manifests, {
    prefix: 'run-',
    network: 'kind',
    isIPv6,
    beforeCreate,
    gone,
    report: () => undefined,
    signal: new AbortController().signal,
    child: () => undefined,
  });

describe('servers beside the cluster', () => {
  test('run like the unmeshed fixtures, and are recorded before they are created', async () => {
    tools.add('docker', 'case "$1" in inspect) echo 172.18.0.9;; esac');
    const { servers } = await start();

    expect(beforeCreate.mock.calls.flat()).toEqual(['run-egress-target-httpbin', 'run-egress-target-tcp-echo']);
    expect(servers['egress-target-tcp-echo']).toMatchObject({
      host: 'run-egress-target-tcp-echo',
      clusterIp: '172.18.0.9',
      ports: { 'tcp-9000': 9000, 'tcp-9001': 9001 },
      enrolled: false,
    });
    const runs = tools.calls.filter((call) => call.startsWith('docker run'));
    expect(runs[0]).toMatch(/--network=kind .*--entrypoint=\/bin\/go-httpbin mccutchen\/go-httpbin:\S+ -port 14001$/);
    expect(runs[1]).toMatch(
      /--name=run-egress-target-tcp-echo .* istio\/tcp-echo-server:1\.3 9000,9001 echo response:$/,
    );
  });

  test('have an address of the family that the pods have', async () => {
    tools.add(
      'docker',
      'case "$1 $*" in inspect*GlobalIPv6Address*) echo fc00:f853::9;; inspect*) echo 172.18.0.9;; esac',
    );
    const { servers } = await start(true);
    expect(servers['egress-target-httpbin']?.clusterIp).toBe('fc00:f853::9');
  });

  test('are removed at the end', async () => {
    tools.add('docker', 'case "$1" in inspect) echo 172.18.0.9;; esac');
    const egressTarget = await start();
    await egressTarget.stop();
    expect(tools.calls.filter((call) => call.startsWith('docker rm'))).toHaveLength(2);
    expect(gone.mock.calls.flat()).toEqual(['run-egress-target-httpbin', 'run-egress-target-tcp-echo']);
  });

  test('are removed again if one of them does not start, with the output of the engine', async () => {
    tools.add(
      'docker',
      'case "$1 $*" in run*tcp-echo*) echo "no such image" >&2; exit 125;; inspect*) echo 172.18.0.9;; esac',
    );
    await expect(start()).rejects.toThrow(/run-egress-target-tcp-echo, does not start: exit status 125\nno such image/);
    expect(gone.mock.calls.flat()).toEqual(['run-egress-target-httpbin', 'run-egress-target-tcp-echo']);
  });

  test('have logs that are followed, on both streams, again after a break', async () => {
    const once = 'if [ -e "$HERE/broke" ]; then sleep 60; else touch "$HERE/broke"; fi';
    tools.add('docker', `case "$1" in inspect) echo 172.18.0.9;; logs) echo out; echo err >&2; ${once};; esac`);
    const egressTarget = await start();
    const lines: string[] = [];
    const states: boolean[] = [];
    const tail = egressTarget.followLog(
      { container: 'run-egress-target-httpbin' },
      { line: (text) => lines.push(text), broken: (isBroken) => states.push(isBroken) },
    );
    for (let tries = 0; tries < 200 && lines.length < 4; tries++) await pause(20);
    tail.stop();
    expect(lines.sort()).toEqual(['err', 'err', 'out', 'out']);
    expect(states).toEqual([true, false]);
    expect(tools.calls).toContain('docker logs --follow run-egress-target-httpbin');
  });
});
