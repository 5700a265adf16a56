import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { UsageError } from '../words/index.ts';
import { inspectDriver, listDrivers, listUnverified, loadDriver } from './load.ts';

const folder = await mkdtemp(join(tmpdir(), 'drivers-'));
afterAll(() => rm(folder, { recursive: true }));

test('a name finds the driver that comes with the program', async () => {
  const { spec, file } = await loadDriver('osm');
  expect(spec.implementation.project).toBe('Open Service Mesh');
  expect(file).toBe('meshes/osm.yaml');
});

test('every driver that is listed can be loaded', async () => {
  const names = await listDrivers();
  expect(names).toEqual(expect.arrayContaining(['none', 'osm']));
  for (const name of names) expect((await loadDriver(name)).spec.name).toBe(name);
});

test('drivers that were never tested are in their own folder, load as well, and say so', async () => {
  const names = await listUnverified();
  expect(names).toEqual(['cilium', 'consul', 'fsm', 'istio-ambient', 'kuma-2', 'linkerd', 'traefik-mesh']);
  for (const name of names) {
    const { spec, file } = await loadDriver(name);
    expect(spec).toMatchObject({ name, verified: false });
    expect(file).toBe(`meshes/unverified/${name}.yaml`);
  }
});

test('no driver has remarks, except the one without a mesh', async () => {
  for (const name of [...(await listDrivers()), ...(await listUnverified())]) {
    const { remarks } = await inspectDriver(name);
    if (name !== 'none') expect(remarks.filter((remark) => !remark.includes('without setting'))).toEqual([]);
    else expect(remarks[0]).toMatch(/^meshes\/none\.yaml:\d+:\d+: features\.supported\[\d+\]: sidecar can only fail/);
  }
});

test('an unknown name gets a suggestion and the list', async () => {
  await expect(loadDriver('omsn')).rejects.toThrow(
    /^unknown mesh "omsn"; did you mean "(osm|none)"\? \(meshes: .*none.*osm.*; unverified: .*kuma.*; or a driver's file\)$/,
  );
  await expect(loadDriver('zzzzzz')).rejects.toThrow(/^unknown mesh "zzzzzz" \(meshes: /);
});

test('names a missing file, and a file that is no driver', async () => {
  const file = join(folder, 'mine.yaml');
  await expect(loadDriver(file)).rejects.toThrow(new UsageError(`the driver ${file} cannot be read: no such file`));

  await expect(loadDriver(`${folder}/`)).rejects.toThrow('cannot be read: it is a folder');

  await writeFile(file, 'kind: MeshDriver\nnome: x\n');
  await expect(loadDriver(file)).rejects.toThrow(`${file}:2:1: nome: unknown field; did you mean "name"?`);
});
