import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { type DeployOptions, deployEnrolled, deployUnmeshed, FixtureError, removeFixtures } from '../fixtures/index.ts';
import type { Cluster, Manifest } from '../kube/cluster.ts';
import { connect } from '../kube/index.ts';
import { type ContractSetup, openSetup, unless } from '../kube/testing/contract-setup.ts';

/** A cluster without access control grants everything to everybody. */
const hasRbac = await offersRbac();
const FILE = path.resolve(import.meta.dirname, '../../fixtures/rbac-existing.yaml');

async function offersRbac(): Promise<boolean> {
  const cluster = connect(process.env['MESHPROOF_CONTRACT_KUBECONFIG'] ?? '');
  const groups = await cluster.raw('/apis');
  cluster.close();
  return groups.includes('rbac.authorization.k8s.io');
}

let setup: ContractSetup;
let limited: Cluster;
let manifests: Manifest[];
beforeAll(async () => {
  setup = await openSetup();
  if (!hasRbac) return;
  manifests = ownCopy(setup.namespace);
  for (const manifest of manifests) await setup.cluster.apply(manifest);
  const token = await tokenOf(setup.namespace, 'meshproof');
  limited = await setup.connectWith((config) => {
    for (const entry of config.users) entry.user = { token };
  });
});
afterAll(async () => {
  await removeFixtures(setup.cluster, setup.namespace);
  for (const { apiVersion, kind, metadata } of manifests ?? []) {
    if (kind.startsWith('Cluster')) await setup.cluster.delete({ apiVersion, kind, name: metadata.name });
  }
  await setup.close();
});

/** The file's objects, moved to the setup's namespace, and those without a namespace under names of their own. */
function ownCopy(namespace: string): Manifest[] {
  const text = readFileSync(FILE, 'utf8').replaceAll('meshproof-system', namespace);
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  return objects
    .filter(({ kind }) => kind !== 'Namespace')
    .map((object) => {
      if (!object.kind.startsWith('Cluster')) return object;
      const name = `${namespace}-${object.metadata.name}`;
      const renamed = { ...object, metadata: { ...object.metadata, name } };
      return 'roleRef' in object ? { ...renamed, roleRef: { ...(object['roleRef'] as object), name } } : renamed;
    });
}

async function tokenOf(namespace: string, account: string): Promise<string> {
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'token' };
  const annotations = { 'kubernetes.io/service-account.name': account };
  await setup.cluster.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'token', annotations },
    type: 'kubernetes.io/service-account-token',
  });
  const filled = (secret: Manifest | undefined) => secret?.['data'] !== undefined;
  const secret = await setup.cluster.wait(ref, filled, { timeoutMs: 20_000, what: 'the token' });
  const { token = '' } = (secret?.['data'] ?? {}) as { token?: string };
  return Buffer.from(token, 'base64').toString();
}

function options(): DeployOptions {
  const runId = setup.namespace;
  const signal = AbortSignal.timeout(55_000);
  const enrol = (manifest: Manifest) => manifest;
  return { runId, prefix: `${runId}-`, enrol, timeoutMs: 45_000, signal, report: () => undefined };
}

const testRights = unless(hasRbac ? undefined : 'the cluster has no RBAC', test);

describe('the rights for an existing cluster', () => {
  testRights('suffice to deploy the fixtures, to run commands in them and to remove them', async () => {
    await Promise.all([deployUnmeshed(limited, options()), deployEnrolled(limited, options())]);
    expect(await removeFixtures(limited, setup.namespace)).toHaveLength(5);
  });

  testRights('are not more than that: no Secret can be read', async () => {
    await expect(limited.list({ apiVersion: 'v1', kind: 'Secret' })).rejects.toMatchObject({ code: 'forbidden' });
  });

  testRights('when one is missing, the message names verb and resource', async () => {
    const role = manifests.find(({ kind, metadata }) => kind === 'ClusterRole' && !metadata.name.endsWith('osm'));
    const rules = role?.['rules'] as { resources: string[] }[];
    const without = rules.filter(({ resources }) => !resources.includes('deployments'));
    await setup.cluster.apply({ ...(role as Manifest), rules: without });

    const denied = deployUnmeshed(limited, options());
    await expect(denied).rejects.toThrow(/cannot patch resource "deployments"/);
    await expect(denied).rejects.not.toBeInstanceOf(FixtureError);
  });
});
