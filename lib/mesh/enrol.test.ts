import { expect, test } from '@jest/globals';
import { enrolManifest, serviceValues } from './enrol.ts';

const enrol = {
  namespace: { labels: { mesh: 'on' }, annotations: { inject: 'yes' } },
  pod: { annotations: { inject: 'yes' } },
  service: { labels: { mesh: 'tcp' } },
};
const named = (kind: string, rest: object = {}) => ({ apiVersion: 'v1', kind, metadata: { name: 'x' }, ...rest });

test('a Namespace gets labels and annotations beside those it has, the mesh’s winning', () => {
  const manifest = { ...named('Namespace'), metadata: { name: 'x', labels: { run: '1', mesh: 'off' } } };
  expect(enrolManifest(manifest, enrol).metadata).toEqual({
    name: 'x',
    labels: { run: '1', mesh: 'on' },
    annotations: { inject: 'yes' },
  });
  expect(manifest.metadata.labels).toEqual({ run: '1', mesh: 'off' });
});

test('a Deployment is marked at its pods, and keeps the rest', () => {
  const manifest = named('Deployment', {
    spec: { replicas: 2, template: { metadata: { labels: { app: 'x' } }, spec: { containers: [] } } },
  });
  expect(enrolManifest(manifest, enrol)).toEqual(
    named('Deployment', {
      spec: {
        replicas: 2,
        template: { metadata: { labels: { app: 'x' }, annotations: { inject: 'yes' } }, spec: { containers: [] } },
      },
    }),
  );
});

test('a Service is marked itself; other kinds and meshes without marks change nothing', () => {
  expect(enrolManifest(named('Service'), enrol).metadata.labels).toEqual({ mesh: 'tcp' });
  expect(enrolManifest(named('ServiceAccount'), enrol)).toEqual(named('ServiceAccount'));
  expect(enrolManifest(named('Namespace'), {})).toEqual(named('Namespace'));
});

test('a Service tells its protocol; others tell one that nobody asks for', () => {
  const service = named('Service', { spec: { ports: [{ port: 80, appProtocol: 'http' }] } });
  expect(serviceValues(service)).toEqual({ 'service.protocol': 'http' });
  expect(serviceValues(named('Service', { spec: {} }))).toEqual({ 'service.protocol': 'tcp' });
  expect(serviceValues(named('Namespace'))).toEqual({ 'service.protocol': 'tcp' });
});
