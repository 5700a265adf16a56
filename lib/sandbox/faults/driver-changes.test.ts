import { expect, test } from '@jest/globals';
import { type DriverFile, replacing } from './driver-changes.ts';

test('replaces words wherever they stand', () => {
  const driver = {
    install: [
      { apply: { kind: 'Role', metadata: { name: 'reader-of-v1alpha4' }, spec: ['a/v1alpha4', 'b/v1alpha4'] } },
    ],
    policy: { converges: '1s', settles: '1s', allow: { apiVersion: 'a/v1alpha4' } },
  } as unknown as DriverFile;
  replacing({ v1alpha4: 'v1alpha3' })(driver);
  expect(JSON.stringify(driver)).not.toContain('v1alpha4');
  expect(driver).toMatchObject({
    install: [{ apply: { metadata: { name: 'reader-of-v1alpha3' }, spec: ['a/v1alpha3', 'b/v1alpha3'] } }],
    policy: { allow: { apiVersion: 'a/v1alpha3' } },
  });
});
