import { expect, test } from '@jest/globals';
import { deploymentVersion } from './control-plane.ts';

test.each([
  ['example/controller:v1.2.4', 'v1.2.4'],
  ['host:5000/example/controller:v2@sha256:abc', 'v2'],
  ['host:5000/controller@sha256:abc', 'v9'],
  ['host:5000/controller', 'v9'],
])('the version of %s is %s', (image, version) => {
  const labels = { 'app.kubernetes.io/version': 'v9' };
  const spec = { template: { spec: { containers: [{ image }] } } };
  expect(deploymentVersion({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', labels }, spec })).toBe(
    version,
  );
});

test('what has neither tag nor label is unknown', () => {
  expect(deploymentVersion({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } })).toBe('unknown');
});
