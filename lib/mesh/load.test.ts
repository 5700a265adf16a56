import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { DriverError } from './error.ts';
import { listDrivers, loadDriver } from './load.ts';

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

test('an unknown name is answered with the nearest and the list', async () => {
  await expect(loadDriver('omsn')).rejects.toThrow(
    /^unknown mesh "omsn"; did you mean "(osm|none)"\? \(meshes: .*none.*osm.*; or a driver's file\)$/,
  );
  await expect(loadDriver('zzzzzz')).rejects.toThrow(/^unknown mesh "zzzzzz" \(meshes: /);
});

test('a file that is not there, and one that is no driver, are named', async () => {
  const file = join(folder, 'mine.yaml');
  await expect(loadDriver(file)).rejects.toThrow(new DriverError(`the driver ${file} cannot be read: ENOENT`));

  await writeFile(file, 'kind: MeshDriver\nnome: x\n');
  await expect(loadDriver(file)).rejects.toThrow(`${file}:2:1: nome: unknown field; did you mean name?`);
});
