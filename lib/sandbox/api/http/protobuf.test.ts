import { describe, expect, test } from '@jest/globals';
import { readProtobuf } from './protobuf.ts';

/** Bodies that kubectl v1.33 sent. */
const recorded = {
  // kubectl create deployment web --image=x:1 --replicas 0 --port 80
  deployment:
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErIBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoABCAASDAoKCgNhcHASA3dlYhpmChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkYSKAoBeBIDeDoxKgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=',
  // kubectl create service clusterip s9 --tcp=80:http
  service:
    'azhzAAoNCgJ2MRIHU2VydmljZRJpCh0KAnM5EgAaACIAKgAyADgAQgBaCQoDYXBwEgJzORJECh4KBzgwLWh0dHASA1RDUBhQIgoIARAAGgRodHRwKAASCQoDYXBwEgJzORoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
  // kubectl create secret generic s7 --from-literal=a=b
  secret: 'azhzAAoMCgJ2MRIGU2VjcmV0Eh4KEgoCczcSABoAIgAqADIAOABCABIGCgFhEgFiGgAaACIA',
};

const read = (text: string) => readProtobuf(Buffer.from(text, 'base64'));

describe('a protobuf body', () => {
  test('of a Deployment keeps a zero that was said, and leaves out those that were not', () => {
    expect(read(recorded.deployment)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'x', image: 'x:1', ports: [{ containerPort: 80 }] }] },
        },
      },
    });
  });

  test('of a Service has a port by name, one of a Secret has bytes', () => {
    expect(read(recorded.service)).toMatchObject({
      spec: { ports: [{ name: '80-http', protocol: 'TCP', port: 80, targetPort: 'http' }], type: 'ClusterIP' },
    });
    expect(read(recorded.secret)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's7' },
      data: { a: 'Yg==' },
    });
  });

  test('that is none is refused', () => {
    const cut = Buffer.from(recorded.secret, 'base64').subarray(0, 30);

    expect(() => readProtobuf(Buffer.from('{}'))).toThrow('not a Kubernetes protobuf message');
    expect(() => readProtobuf(cut)).toThrow('ends too soon');
  });
});
