import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Manifest } from '../kube/cluster.ts';
import { MemoryCluster } from '../kube/testing/memory-cluster.ts';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { waitForServices } from './network.ts';

let tools: FakeTools;
let memory: MemoryCluster;

beforeEach(() => {
  tools = new FakeTools();
  tools.add('kind', "printf 'x-control-plane\\nx-worker\\n'");
  memory = new MemoryCluster();
  memory.put(object('Node', { name: 'x-control-plane' }));
  memory.put(object('Node', { name: 'x-worker' }));
  memory.put(kubeProxy(2));
  memory.put(object('Service', { name: 'kubernetes', namespace: 'default' }, { spec: { clusterIP: '10.96.0.1' } }));
});
afterEach(() => tools.remove());

function object(kind: string, metadata: Manifest['metadata'], more: object = {}): Manifest {
  return { apiVersion: kind === 'DaemonSet' ? 'apps/v1' : 'v1', kind, metadata, ...more };
}

function kubeProxy(ready: number): Manifest {
  const status = { desiredNumberScheduled: ready, numberReady: ready };
  return object('DaemonSet', { name: 'kube-proxy', namespace: 'kube-system' }, { status });
}

/** docker with two nodes; one of the API server's, where Kubernetes has more names than kind, is none of its containers. */
const dockerThat = (executes: string) =>
  `case "$1" in inspect) printf '/x-control-plane running control-plane\\n/x-worker running worker\\n';; exec) ${executes};; esac`;

function waiting(timeoutMs = 20_000): Promise<void> {
  const signal = new AbortController().signal;
  return waitForServices(memory.cluster, 'x', { signal, child: () => undefined, timeoutMs });
}

const asked = () => tools.calls.filter((call) => call.startsWith('docker exec'));

describe('Service routing', () => {
  test('is asked for on every node, by the address of the API server’s Service, until it answers', async () => {
    tools.add('docker', dockerThat('echo "$2" >> "$HERE/tries"; [ $(grep -c "$2" "$HERE/tries") -ge 3 ]'));
    await waiting();
    expect(asked().filter((call) => call.includes('exec x-control-plane curl'))).toHaveLength(3);
    expect(asked().filter((call) => call.includes('exec x-worker curl'))).toHaveLength(3);
    expect(asked()).toHaveLength(6);
    expect(asked()[0]).toMatch(/--cacert \S+ https:\/\/10\.96\.0\.1\/readyz$/);
  });

  test('that never comes names the node, and what was reason there', async () => {
    tools.add('docker', dockerThat('[ "$2" = x-control-plane ] || { echo "curl: (60) self-signed" >&2; exit 60; }'));
    await expect(waiting(300)).rejects.toMatchObject({
      name: 'EnvironmentError',
      message: expect.stringMatching(/^node x-worker does not route Services: .*self-signed$/),
      remedy: expect.stringContaining('kube-proxy'),
    });
  });

  test('is not asked for before kube-proxy runs on every node', async () => {
    memory.put(kubeProxy(1));
    tools.add('docker', dockerThat('exit 0'));
    await expect(waiting()).rejects.toThrow('kube-proxy to run on x-control-plane, x-worker');
    expect(asked()).toEqual([]);
  });

  test('is left to what the run installs where there is no kube-proxy', async () => {
    await memory.cluster.delete({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      namespace: 'kube-system',
      name: 'kube-proxy',
    });
    tools.add('docker', dockerThat('exit 1'));
    await waiting();
    expect(asked()).toEqual([]);
  });
});
