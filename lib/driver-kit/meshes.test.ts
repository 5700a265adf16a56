import { expect, test } from '@jest/globals';
import { coloursFor } from '../console/colours.ts';
import { loadDriver } from '../mesh/index.ts';
import { plainMeshes, printMeshes } from './meshes.ts';

const colours = coloursFor({ isTTY: false });
const drivers = await Promise.all(['none', 'osm', 'linkerd'].map(loadDriver));

test('lists never tested meshes separately, and marks each', () => {
  const [verified = '', unverified = ''] = printMeshes(drivers, colours).split('Unverified\n');
  expect(verified).toMatch(/^Verified\n {2}none .*\n {2}osm .*driver verified with v1\.2\.4/);
  expect(unverified).toMatch(/^ {2}linkerd .*UNVERIFIED driver, never seen working/);
  expect(printMeshes(drivers.slice(0, 2), colours)).not.toContain('Unverified');
});

test('prints as JSON what the drivers declare', () => {
  const [none, , linkerd] = JSON.parse(JSON.stringify(plainMeshes(drivers)));
  expect(none).toMatchObject({ name: 'none', project: 'no mesh', verified: { version: 'none' }, skip: {} });
  expect(linkerd).toMatchObject({ verified: false, driver: 'meshes/unverified/linkerd.yaml' });
  expect(linkerd.skip).toHaveProperty('route-objects');
});
