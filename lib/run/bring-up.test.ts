import { describe, expect, test } from '@jest/globals';
import { learnDomain } from './bring-up.ts';

const mesh = { usesDomain: true, project: 'A Mesh', declaredVersion: 'v1' };
const found = (domain: string | undefined) => async () => domain;

describe("the cluster's domain", () => {
  test('is told to the steps of a driver that names it', async () => {
    const context = {};
    await learnDomain(mesh, context, found('mesh.example'));
    expect(context).toEqual({ clusterDomain: 'mesh.example' });
  });

  test('is not looked for where the driver does not care', async () => {
    const refuse = () => Promise.reject(new Error('asked for'));
    await learnDomain({ ...mesh, usesDomain: false }, {}, refuse);
  });

  test('that the mesh does not work with ends the run, with both names', async () => {
    await expect(learnDomain({ ...mesh, requiredDomain: 'cluster.local' }, {}, found('mesh.example'))).rejects.toThrow(
      "A Mesh v1 requires the cluster domain cluster.local, and this cluster's is mesh.example",
    );
    await learnDomain({ ...mesh, requiredDomain: 'cluster.local' }, {}, found('cluster.local'));
  });

  test('that cannot be found ends the run only where the driver names it', async () => {
    await expect(learnDomain(mesh, {}, found(undefined))).rejects.toThrow('/etc/resolv.conf');
    await learnDomain({ ...mesh, usesDomain: false, requiredDomain: 'cluster.local' }, {}, found(undefined));
  });
});
