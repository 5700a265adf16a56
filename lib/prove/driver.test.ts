import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { acceptingAnyValue, type DriverFile, driverText, granting, wording } from './driver.ts';

test('without a change it is the reference driver', () => {
  const driver = parse(driverText()) as DriverFile;
  expect(driver).toMatchObject({ kind: 'MeshDriver', name: 'reference', modes: { permissive: { converges: '5s' } } });
});

test('grants all changes the same time', () => {
  const { modes, policy } = parse(driverText(granting('45s', '1m'))) as DriverFile;
  for (const budget of [modes.permissive, modes.egress, policy]) {
    expect(budget).toMatchObject({ converges: '45s', settles: '1m' });
  }
});

test('takes the types out of the switches only', () => {
  const [before, after] = [driverText(), driverText(acceptingAnyValue)];
  expect(before.match(/type: boolean/g)).toHaveLength(2);
  expect(after).not.toContain('type: boolean');
  expect(after.match(/x-kubernetes-preserve-unknown-fields: true/g)).toHaveLength(2);
});

test('replaces words wherever they stand', () => {
  const text = driverText(wording({ 'specs.smi-spec.io/v1alpha4': 'specs.smi-spec.io/v1alpha3' }));
  expect(text).not.toContain('specs.smi-spec.io/v1alpha4');
  expect(text).toContain('apiVersion: specs.smi-spec.io/v1alpha3');
});
