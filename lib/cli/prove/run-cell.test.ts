import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { cases, type DriverFile, timeLimits } from '../../sandbox/index.ts';
import { driverText } from './run-cell.ts';

const changeOf = (name: string) => cases.find((each) => each.name === name)?.driver;

test('without a change, the driver is the reference driver', () => {
  const driver = parse(driverText()) as DriverFile;
  expect(driver).toMatchObject({ kind: 'MeshDriver', name: 'reference', modes: { permissive: { converges: '5s' } } });
});

test('gives all changes the same time limits', () => {
  const { modes, policy } = parse(driverText(timeLimits('45s', '1m'))) as DriverFile;
  for (const budget of [modes.permissive, modes.egress, policy]) {
    expect(budget).toMatchObject({ converges: '45s', settles: '1m' });
  }
});

test('removes the types of the modes only', () => {
  const [before, after] = [driverText(), driverText(changeOf('accepts-any-value'))];
  expect(before.match(/type: boolean/g)).toHaveLength(2);
  expect(after).not.toContain('type: boolean');
  expect(after.match(/x-kubernetes-preserve-unknown-fields: true/g)).toHaveLength(2);
});

test('replaces text anywhere', () => {
  const text = driverText(changeOf('older-smi-versions'));
  expect(text).not.toContain('specs.smi-spec.io/v1alpha4');
  expect(text).toContain('apiVersion: specs.smi-spec.io/v1alpha3');
});

test('declares a feature unsupported', () => {
  const { features } = parse(driverText(changeOf('one-policy-decides-alone'))) as DriverFile;
  expect(features.supported).not.toContain('additive-policies');
  expect(features.unsupported).toEqual({ 'additive-policies': expect.stringMatching(/only the newest/) });
});
