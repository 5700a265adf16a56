import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Cluster, Manifest } from '../kube/cluster.ts';
import { MemoryCluster } from '../kube/testing/memory-cluster.ts';
import { recordedRuns, recordOf, restoreRecorded, SettingsRegistry, writeRecord } from './settings.ts';

const ref = { apiVersion: 'config.example.org/v1', kind: 'MeshConfig', namespace: 'mesh', name: 'config' };
const permissive = ['spec', 'traffic', 'permissive'];
const egress = ['spec', 'traffic', 'egress'];
const known = [
  { ref, path: permissive },
  { ref, path: egress },
];
const meshConfig = (traffic: object): Manifest => {
  const { apiVersion, kind, namespace, name } = ref;
  return { apiVersion, kind, metadata: { namespace, name }, spec: { traffic } };
};

let memory: MemoryCluster;
let cluster: Cluster;
let registry: SettingsRegistry;
const runId = 'r1';

beforeEach(async () => {
  memory = new MemoryCluster();
  cluster = memory.cluster;
  memory.put(meshConfig({ permissive: true, other: 1 }));
  await writeRecord(cluster, runId, []);
  registry = new SettingsRegistry(cluster, runId);
});

async function change(path: string[], value: unknown): Promise<void> {
  await registry.noteChange(ref, path, value);
  await cluster.patch(ref, { spec: { traffic: { [path.at(-1) ?? '']: value } } });
}

async function traffic(): Promise<unknown> {
  const object = await cluster.get(ref);
  return (object?.['spec'] as { traffic: unknown } | undefined)?.traffic;
}

describe('settings of a live cluster', () => {
  test('are restored to the value that they had, however often they were changed', async () => {
    await change(permissive, false);
    await change(permissive, true);
    await change(permissive, false);

    expect(await registry.restoreAll()).toEqual(['MeshConfig mesh/config spec.traffic.permissive is restored to true']);
    expect(await traffic()).toEqual({ permissive: true, other: 1 });
  });

  test('are taken away again where there were none', async () => {
    await change(egress, true);

    expect(await registry.restoreAll()).toEqual(['MeshConfig mesh/config spec.traffic.egress is restored to absent']);
    expect(await traffic()).toEqual({ permissive: true, other: 1 });
  });

  test('are left, and named, where somebody else has changed them since', async () => {
    await change(permissive, false);
    await cluster.patch(ref, { spec: { traffic: { permissive: 'strict' } } });

    expect(await registry.restoreAll()).toEqual([
      'MeshConfig mesh/config spec.traffic.permissive is left at "strict", which the run did not set; it was true before the run',
    ]);
    expect(await traffic()).toEqual({ permissive: 'strict', other: 1 });
  });

  test('are not written where they have their old value', async () => {
    await change(permissive, false);
    await change(permissive, true);
    const before = memory.writes.length;

    expect(await registry.restoreAll()).toEqual([]);
    expect(memory.writes).toHaveLength(before);
  });

  test('are not touched where they were recorded and never changed', async () => {
    await registry.noteChange(ref, permissive, false);

    expect(await registry.restoreAll()).toEqual([]);
    expect(await traffic()).toEqual({ permissive: true, other: 1 });
  });

  test('are read again when somebody else writes at the same moment', async () => {
    await change(permissive, false);
    let isFirst = true;
    memory.beforePatch = () => {
      if (isFirst) memory.put(meshConfig({ permissive: false, other: 2 }));
      isFirst = false;
    };

    await registry.restoreAll();
    expect(await traffic()).toEqual({ permissive: true, other: 2 });
  });

  test('that are gone are named', async () => {
    await change(permissive, false);
    await cluster.delete(ref);

    expect(await registry.restoreAll()).toEqual([
      'MeshConfig mesh/config spec.traffic.permissive cannot be restored: the object is gone',
    ]);
  });

  test('are known from the cluster alone, by a run that was killed between note and change too', async () => {
    await registry.noteChange(ref, permissive, false);
    expect(await restoreRecorded(cluster, runId, known)).toEqual({ done: [], isWhole: true });

    await cluster.patch(ref, { spec: { traffic: { permissive: false } } });
    expect(await restoreRecorded(cluster, runId, known)).toEqual({
      done: ['MeshConfig mesh/config spec.traffic.permissive is restored to true'],
      isWhole: true,
    });
  });

  test('that are no yes or no are restored as well', async () => {
    await cluster.patch(ref, { spec: { traffic: { egress: [{ to: 'any' }] } } });
    await change(egress, [{}]);
    await change(egress, null);
    expect(await registry.restoreAll()).toEqual([
      'MeshConfig mesh/config spec.traffic.egress is restored to [{"to":"any"}]',
    ]);
  });

  test('whose object the run has made are taken away with it', async () => {
    const policy = { apiVersion: 'config.example.org/v1', kind: 'Policy', namespace: 'mesh', name: 'all' };
    await registry.noteChange(policy, ['spec', 'rules'], null);
    const { apiVersion, kind, namespace, name } = policy;
    memory.put({ apiVersion, kind, metadata: { namespace, name }, spec: { action: 'ALLOW' } });
    const policyKnown = [{ ref: policy, path: ['spec', 'rules'] }];
    expect(await restoreRecorded(cluster, runId, policyKnown)).toEqual({
      done: ['Policy mesh/all spec.rules: the object is deleted, since there was none before the run'],
      isWhole: true,
    });
    expect(await cluster.get(policy)).toBeUndefined();
    expect(await registry.restoreAll()).toEqual([]);
  });

  test('are written down one after the other, so that none is lost', async () => {
    await Promise.all([registry.noteChange(ref, permissive, false), registry.noteChange(ref, egress, true)]);
    await cluster.patch(ref, { spec: { traffic: { egress: true } } });

    expect((await restoreRecorded(cluster, runId, known)).done).toHaveLength(1);
    expect(await recordedRuns(cluster)).toEqual(['r1']);
  });
});

describe('a record that somebody else wrote', () => {
  const secret = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'extension' };
  const inData = async (json: string | undefined): Promise<void> => {
    const { apiVersion, kind, namespace, name } = recordOf(runId);
    const labels = { 'app.kubernetes.io/managed-by': 'meshproof', 'meshproof.dev/run': 'r1' };
    memory.put({
      apiVersion,
      kind,
      metadata: { namespace, name, labels },
      ...(json === undefined ? {} : { data: { 'settings.json': json } }),
    });
  };

  test('changes no object that is not a setting of the mesh, and stays', async () => {
    memory.put({ ...secret, metadata: { namespace: 'kube-system', name: 'extension' }, data: { key: 'sound' } });
    const forged = { ref: secret, path: ['data', 'key'], before: { value: 'forged' }, set: ['sound'] };
    const own = { ref, path: permissive, before: { value: false }, set: [true] };
    await inData(JSON.stringify([forged, own]));

    expect(await restoreRecorded(cluster, runId, known)).toEqual({
      done: [
        expect.stringMatching(
          /^ConfigMap kube-system\/extension data\.key is left alone: it is not known to be a setting/,
        ),
        'MeshConfig mesh/config spec.traffic.permissive is restored to false',
      ],
      isWhole: false,
    });
    expect((await cluster.get(secret))?.['data']).toEqual({ key: 'sound' });
    expect(await recordedRuns(cluster)).toHaveLength(1);
  });

  test.each([
    ['null', 'null'],
    ['a list of null', '[null]'],
    ['half of a list', '[{"ref":'],
    ['no path', JSON.stringify([{ ref, path: [], before: 'absent', set: [1] }])],
    ['a path of numbers', JSON.stringify([{ ref, path: [1], before: 'absent', set: [1] }])],
    [
      'a kind that leads elsewhere',
      JSON.stringify([{ ref: { ...ref, name: '../../secrets/x' }, path: ['a'], before: 'absent', set: [1] }]),
    ],
    ['nothing', undefined],
  ])('and that is %s is set aside, in one sentence', async (_, json) => {
    await inData(json);
    const restored = await restoreRecorded(cluster, runId, known);
    expect(restored).toEqual({
      done: [expect.stringMatching(/run-r1 is no record of settings: .* set aside/)],
      isWhole: true,
    });
    expect(await recordedRuns(cluster)).toEqual([]);
    expect(await cluster.get(recordOf(runId))).toBeDefined();
  });

  test('does not keep a run from putting back what it has changed itself', async () => {
    await change(permissive, false);
    await inData('[]');
    expect(await registry.restoreAll()).toEqual(['MeshConfig mesh/config spec.traffic.permissive is restored to true']);
  });

  test('under another name than a run’s is no record', async () => {
    const labels = { 'app.kubernetes.io/managed-by': 'meshproof', 'meshproof.dev/run': 'r2' };
    memory.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'meshproof-system', name: 'x', labels } });
    expect(await recordedRuns(cluster)).toEqual(['r1']);
  });

  test('for a field of the metadata is restored with the rest of it', async () => {
    const labelled = ['metadata', 'labels', 'mode'];
    await cluster.patch(ref, { metadata: { labels: { mode: 'on' } } });
    await registry.noteChange(ref, labelled, 'off');
    await cluster.patch(ref, { metadata: { labels: { mode: 'off' } } });
    await registry.restoreAll();
    expect((await cluster.get(ref))?.metadata.labels).toEqual({ mode: 'on' });
  });
});
