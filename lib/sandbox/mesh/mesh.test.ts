import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { eventually, type TestCluster } from '../testing/cluster.ts';
import { canRunSandboxes, type TestSandbox, testSandbox } from '../testing/sandbox.ts';
import { curl, httpbin, namespace, pod, service, tcpEcho } from '../testing/workloads.ts';

jest.setTimeout(90_000);
const describeSandbox = (await canRunSandboxes()) ? describe : describe.skip;

const MESH_CONFIG = {
  apiVersion: 'config.openservicemesh.io/v1alpha2',
  kind: 'MeshConfig',
  namespace: 'reference-system',
  name: 'osm-mesh-config',
};
const ENROLLED = {
  labels: { 'openservicemesh.io/monitored-by': 'reference' },
  annotations: { 'openservicemesh.io/sidecar-injection': 'enabled' },
};

/** The objects that the driver applies to install the mesh: with its defaults, both modes off, and 20 ms to act. */
function installation(): object[] {
  const driver = readFileSync(new URL('../../../meshes/reference.yaml', import.meta.url), 'utf8')
    .replace(/['"]\{\{modes\.\w+\}\}['"]/g, 'false')
    .replace(/\{\{set\.reference\.actAfter\|[^}]*\}\}/, '20ms')
    .replace(/\{\{set\.[^|}]*\|([^}]*)\}\}/g, '$1');
  const { install } = parse(driver) as { install: { apply?: object }[] };
  return install.flatMap(({ apply }) => (apply === undefined ? [] : [apply]));
}

const account = (name: string, namespaceName = 'clients') => ({
  kind: 'ServiceAccount',
  name,
  namespace: namespaceName,
});

function target(name: string, server: string, rule: object): object {
  return {
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: { namespace: 'servers', name },
    spec: { destination: account(server, 'servers'), sources: [account('client')], rules: [rule] },
  };
}

const TCP_POLICY = [
  {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'TCPRoute',
    metadata: { namespace: 'servers', name: 'echo' },
    spec: { matches: { ports: [9000] } },
  },
  target('echo', 'tcp-echo', { kind: 'TCPRoute', name: 'echo' }),
];
const HTTP_POLICY = [
  {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: { namespace: 'servers', name: 'get' },
    spec: { matches: [{ name: 'get', pathRegex: '/get', methods: ['GET'] }] },
  },
  target('get', 'httpbin', { kind: 'HTTPRouteGroup', name: 'get', matches: ['get'] }),
];

describeSandbox('the reference mesh', () => {
  let sandbox: TestSandbox;
  let cluster: TestCluster;

  beforeAll(async () => {
    sandbox = await testSandbox();
    cluster = sandbox.cluster;
    for (const object of installation()) await eventually('applied', () => tryCreate(object));
    await cluster.readyPod('reference-system', 'reference-controller');
    await cluster.create(
      namespace('clients', ENROLLED),
      namespace('servers', ENROLLED),
      namespace('unmeshed'),
      ...pod('clients', 'client', [curl()]),
      ...pod('clients', 'other', [curl()]),
      ...pod('servers', 'httpbin', [httpbin()]),
      service('servers', 'httpbin', 'http', [14001]),
      ...pod('servers', 'tcp-echo', [tcpEcho()]),
      service('servers', 'tcp-echo', 'tcp', [9000, 9001]),
      ...pod('unmeshed', 'unmeshed-client', [curl()]),
      ...pod('unmeshed', 'httpbin', [httpbin()]),
      service('unmeshed', 'httpbin', 'http', [14001]),
    );
    const pods = [
      ['clients', 'client'],
      ['clients', 'other'],
      ['servers', 'httpbin'],
      ['servers', 'tcp-echo'],
    ] as const;
    await Promise.all(pods.map(([space, app]) => cluster.readyPod(space, app)));
    await Promise.all(['unmeshed-client', 'httpbin'].map((app) => cluster.readyPod('unmeshed', app)));
  });

  afterAll(async () => {
    await sandbox?.end();
  });

  /** A kind may not be served yet, right after its definition. */
  async function tryCreate(object: object): Promise<true | undefined> {
    try {
      await cluster.create(object);
      return true;
    } catch (error) {
      if (error instanceof Error && /: 404 /.test(error.message)) return undefined;
      throw error;
    }
  }

  async function modes(permissive: boolean, egress: boolean): Promise<void> {
    const traffic = { enablePermissiveTrafficPolicyMode: permissive, enableEgress: egress };
    await cluster.patch(MESH_CONFIG, { spec: { traffic } });
  }

  const get = async (from: readonly [string, string], url: string): Promise<string> => {
    const argv = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '5', url];
    const { exit, stdout } = await cluster.exec(...from, 'curl', argv);
    return exit === 0 ? stdout : `curl ${exit}`;
  };
  const say = async (from: readonly [string, string], host: string, port = 9000): Promise<string> => {
    const { exit, stdout } = await cluster.exec(...from, 'curl', ['sh', '-c', `echo hello | nc -w 5 ${host} ${port}`]);
    return stdout === '' ? `silent ${exit}` : stdout.trim();
  };
  const becomes = async (expected: object, ask: () => Promise<object>): Promise<void> => {
    let last: object = {};
    await eventually(JSON.stringify(expected), async () => {
      last = await ask();
      return JSON.stringify(last) === JSON.stringify(expected) ? true : undefined;
    }).catch(() => undefined);
    expect(last).toEqual(expected);
  };

  const client = ['clients', 'client'] as const;
  const other = ['clients', 'other'] as const;
  const unmeshedClient = ['unmeshed', 'unmeshed-client'] as const;
  const all = async (): Promise<object> => ({
    http: await get(client, 'http://httpbin.servers:14001/get'),
    tcp: await say(client, 'tcp-echo.servers'),
    unmeshedServer: await get(client, 'http://httpbin.unmeshed:14001/get'),
    unmeshedClient: await get(unmeshedClient, 'http://httpbin.servers:14001/get'),
    bothUnmeshed: await get(unmeshedClient, 'http://httpbin.unmeshed:14001/get'),
  });
  const always = { unmeshedClient: 'curl 56', bothUnmeshed: '200' };
  const echo = 'echo response: hello';

  test.each([
    [true, true, { http: '200', tcp: echo, unmeshedServer: '200' }],
    [true, false, { http: '200', tcp: echo, unmeshedServer: 'curl 56' }],
    [false, true, { http: 'curl 52', tcp: 'silent 0', unmeshedServer: '200' }],
    [false, false, { http: 'curl 7', tcp: 'silent 1', unmeshedServer: 'curl 7' }],
  ])('permissive %s, egress %s, as it was measured on Open Service Mesh', async (permissive, egress, expected) => {
    await modes(permissive, egress);
    await becomes({ ...expected, ...always }, all);
  });

  test('a TCPRoute lets in the named account on the named port, and changes the refusal of others', async () => {
    await modes(false, false);
    await cluster.create(...TCP_POLICY);
    await becomes({ http: 'curl 56', tcp: echo, unmeshedServer: 'curl 56', ...always }, all);
    expect(await say(client, 'tcp-echo.servers', 9001)).toBe('silent 0');
    expect(await say(other, 'tcp-echo.servers')).toBe('silent 1');
    await modes(false, true);
    await becomes({ http: 'curl 52', tcp: echo, unmeshedServer: '200', ...always }, all);
    await cluster.delete({
      apiVersion: 'specs.smi-spec.io/v1alpha4',
      kind: 'TCPRoute',
      namespace: 'servers',
      name: 'echo',
    });
    await becomes({ tcp: 'silent 0' }, async () => ({ tcp: await say(client, 'tcp-echo.servers') }));
  });

  test('an HTTPRouteGroup lets in the requests that it names, and others get status 403', async () => {
    await modes(false, false);
    await cluster.create(...HTTP_POLICY);
    const ask = async (): Promise<object> => ({
      named: await get(client, 'http://httpbin.servers:14001/get?nonce=1'),
      unnamed: await get(client, 'http://httpbin.servers:14001/status/200'),
      other: await get(other, 'http://httpbin.servers:14001/get'),
    });
    await becomes({ named: '200', unnamed: '403', other: 'curl 7' }, ask);
  });

  test('a killed sidecar starts again and does what it did before', async () => {
    await modes(true, false);
    await becomes({ http: '200' }, async () => ({ http: await get(client, 'http://httpbin.servers:14001/get') }));
    await cluster.exec('servers', 'httpbin', 'sidecar', ['kill', '1']);
    await eventually('restart', async () => {
      const { status } = await cluster.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'servers', name: 'httpbin' });
      const statuses = (status?.['containerStatuses'] ?? []) as { name: string; restartCount: number }[];
      return statuses.some(({ name, restartCount }) => name === 'sidecar' && restartCount === 1) ? true : undefined;
    });
    await becomes({ http: '200' }, async () => ({ http: await get(client, 'http://httpbin.servers:14001/get') }));
  });

  test('the API refuses a mode that is not a boolean', async () => {
    const traffic = { enablePermissiveTrafficPolicyMode: 'true' };
    await expect(cluster.patch(MESH_CONFIG, { spec: { traffic } })).rejects.toThrow(/boolean/);
  });

  test('without its controller, sidecars keep their configuration, and the mesh admits no new pods', async () => {
    await modes(true, false);
    await becomes({ http: '200' }, async () => ({ http: await get(other, 'http://httpbin.servers:14001/get') }));
    const controller = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'reference-system',
      name: 'reference-controller',
    };
    await cluster.patch(controller, { spec: { replicas: 0 } });
    await eventually('no controller', async () =>
      (await cluster.list('v1', 'Pod', 'reference-system')).length === 0 ? true : undefined,
    );
    await modes(false, false);
    expect(await get(other, 'http://httpbin.servers:14001/get')).toBe('200');
    await expect(cluster.create(...pod('clients', 'late', [curl()]))).rejects.toThrow(/sidecar-injection/);
    await cluster.patch(controller, { spec: { replicas: 1 } });
    await becomes({ http: 'curl 7' }, async () => ({ http: await get(other, 'http://httpbin.servers:14001/get') }));
  });
});
