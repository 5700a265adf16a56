import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryCluster } from '../kube/testing/memory-cluster.ts';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { hasAnswer, nodeDns, waitForDns } from './network.ts';

/** Length and header of a response: flags and number of answers are what counts. */
function response(flags: number, answers: number): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16BE(0x6d70, 2);
  bytes.writeUInt16BE(flags, 4);
  bytes.writeUInt16BE(1, 6);
  bytes.writeUInt16BE(answers, 8);
  return bytes;
}

describe('a DNS lookup over TCP', () => {
  test('is answered by a response without error that has a record', () => {
    expect(hasAnswer(response(0x8580, 1))).toBe(true);
  });

  test.each([
    ['no record', response(0x8580, 0)],
    ['NXDOMAIN', response(0x8583, 0)],
    ['SERVFAIL', response(0x8182, 1)],
    ['the question itself', response(0x0100, 1)],
    ['nothing', Buffer.alloc(0)],
  ])('is not answered by %s', (_what, bytes) => {
    expect(hasAnswer(bytes)).toBe(false);
  });
});

describe("a kind cluster's DNS", () => {
  let tools: FakeTools;
  let memory: MemoryCluster;
  beforeEach(() => {
    tools = new FakeTools();
    memory = new MemoryCluster();
    tools.add('kind', 'echo x-control-plane');
    memory.put({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace: 'kube-system' },
      status: { availableReplicas: 1 },
    });
  });
  afterEach(() => tools.remove());

  const context = { signal: new AbortController().signal, child: () => undefined, timeoutMs: 20_000 };
  /** A node whose kubelet has this configuration, and which keeps the question that its name server is asked. */
  const nodeThat = (domain: string, address: string) => `case "$*" in
    "inspect "*) echo "/x-control-plane running control-plane";;
    *"/dev/tcp/"*) cat > "$HERE/question"; printf '\\000\\014\\155\\160\\205\\200\\000\\001\\000\\001\\000\\000\\000\\000';;
    *" cat "*) printf 'clusterDNS:\\n- "${address}"\\nclusterDomain: ${domain}\\n';;
  esac`;

  test('is asked for the name of the API server in the domain that the kubelet has', async () => {
    tools.add('docker', nodeThat('mesh.example', '10.96.0.10'));
    await waitForDns(memory.cluster, 'x', context);
    expect(tools.read('question')).toContain('\x03svc\x04mesh\x07example\x00\x00\x01');
    expect(await nodeDns('x', context)).toEqual({ domain: 'mesh.example', address: '10.96.0.10' });
  });

  test('is asked for IPv6 addresses if its own is one', async () => {
    tools.add('docker', nodeThat('cluster.local', 'fd00::a'));
    await waitForDns(memory.cluster, 'x', context);
    expect(tools.read('question')).toContain('\x05local\x00\x00\x1c');
    expect(tools.calls.join()).toContain('/dev/tcp/');
  });

  test('that no node names is reported', async () => {
    tools.add('docker', nodeThat('', ''));
    await expect(waitForDns(memory.cluster, 'x', context)).rejects.toThrow(
      "node x-control-plane does not name the cluster's domain and name server",
    );
  });

  test('is not waited for if there is no CoreDNS', async () => {
    await memory.cluster.delete({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'kube-system',
      name: 'coredns',
    });
    tools.add('docker', 'exit 1');
    await waitForDns(memory.cluster, 'x', context);
    expect(tools.calls).toEqual([]);
  });
});
