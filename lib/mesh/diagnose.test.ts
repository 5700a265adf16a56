import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { collectDiagnostics } from './diagnose.ts';
import type { Driver } from './driver.ts';
import { FakeCluster, fakeContext } from './testing/fake-cluster.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diagnostics-'));
});
afterAll(() => rm(folder, { recursive: true }));

const times = { converges: '1s', settles: '1s' };
const driver: Driver = {
  file: 'x.yaml',
  spec: {
    name: 'x',
    implementation: { project: 'X', version: 'v1' },
    verified: false,
    features: { supported: [] },
    controlPlane: { namespace: 'mesh', deployments: ['controller'] },
    dataPlane: { container: 'proxy' },
    install: [],
    uninstall: [],
    external: ['address'],
    modes: {},
    policy: { ...times, allow: {} },
    diagnostics: {
      mesh: [
        { file: 'configs.yaml', objects: { apiVersion: 'example/v1', kind: 'Config' } },
        { file: 'secrets.yaml', objects: { apiVersion: 'v1', kind: 'Secret' } },
        { file: 'gone.txt', run: ['no-such-program-here'] },
      ],
      pod: [
        { file: 'dump-{{pod.namespace}}/{{pod.name}}.txt', run: ['echo', '{{pod.name}}', 'token: abc'] },
        { file: 'fails-{{pod.name}}.txt', run: ['sh', '-c', 'echo because >&2; exit 5'] },
      ],
    },
  },
};

test('writes logs, objects and commands’ output without secrets; what fails says so', async () => {
  const cluster = new FakeCluster();
  cluster.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'controller-1', namespace: 'mesh' },
    status: { containerStatuses: [{ name: 'main', image: 'm', restartCount: 1 }] },
  });
  cluster.put({ apiVersion: 'example/v1', kind: 'Config', metadata: { name: 'c' }, spec: { password: 'opensesame' } });
  const applied = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', own: 'yes' };
  cluster.put({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'mesh', managedFields: [{}], annotations: applied },
    data: { key: 'YWJj' },
  });
  cluster.logTexts['main'] = 'started\nAuthorization: Bearer abcdefghij\n';
  const target = join(folder, 'a', 'b');

  const files = await collectDiagnostics(driver, fakeContext(cluster).context, target, [
    { namespace: 'curl', name: 'p' },
  ]);

  const contents = await Promise.all(files.map(async (file) => [file, await readFile(join(target, file), 'utf8')]));
  expect(Object.fromEntries(contents)).toEqual({
    'mesh-controller-1-main.log': 'started\nAuthorization: [redacted]\n',
    'mesh-controller-1-main-previous.log': 'started\nAuthorization: [redacted]\n',
    'configs.yaml': expect.stringContaining('password: [redacted]'),
    'secrets.yaml': expect.stringMatching(
      /^- apiVersion: v1\n {2}kind: Secret\n {2}metadata:\n {4}name: s\n {4}namespace: mesh\n {4}annotations:\n {6}own: yes\n {2}data:\n {4}key: ['"]\[redacted\]['"]\n$/,
    ),
    'gone.txt': expect.stringContaining('this diagnostic failed: the driver needs no-such-program-here'),
    'curl-p-proxy.log': expect.stringContaining('this diagnostic failed: no log of proxy'),
    'dump-curl_p.txt': 'p token: [redacted]\n',
    'fails-p.txt': "this diagnostic failed: sh -c 'echo because >&2; exit 5' ended with status 5\nbecause\n",
  });
});
