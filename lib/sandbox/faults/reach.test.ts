import { beforeEach, expect, jest, test } from '@jest/globals';
import { MeshModel } from '../testing/mesh-model.ts';

const ONE = '10.244.1.10';
const TWO = '10.244.1.11';
const ECHO_POD = '10.244.1.2';
const ECHO = '10.96.1.1';
const WEB = '10.96.1.2';
const EXTERNAL = '10.96.9.1';
const EXTERNAL_POD = '10.244.1.50';
const TCP = [{ port: 9000, protocol: 'tcp' as const }];

beforeEach(() => {
  jest.useFakeTimers();
});

type Scenario = (mesh: MeshModel) => string;

/** What each question gets: the answering pod's address, `external` or `-`. */
function answers(mesh: MeshModel, ...questions: [from: string, address: string, port: number][]): string {
  return questions.map((question) => mesh.ask(...question)).join(' ');
}

const toPod: (from: string, egress?: boolean) => Scenario =
  (from, egress = false) =>
  (mesh) => {
    mesh.set({ egress });
    return answers(mesh, [from, ECHO_POD, 9000], [from, ECHO, 9000]);
  };
/** A second way to the pod of tcp-echo, with and without a policy for the first client. */
const secondService: (name: string, at: string, port?: number) => Scenario =
  (name, at, port = 9000) =>
  (mesh) => {
    const [endpoints = []] = mesh.state.services.map((service) => service.endpoints);
    mesh.serve('tcp-demo/tcp-echo', at, ECHO_POD, [port], { name, endpoints });
    mesh.allow('p');
    return answers(mesh, [ONE, at, port], [TWO, at, port], [TWO, ECHO, 9000]);
  };
const sameName: Scenario = (mesh) => {
  mesh.serve('else-demo/tcp-echo', '10.96.1.8', '10.244.1.8', [9000]);
  mesh.set({ permissive: true });
  return answers(mesh, [ONE, '10.96.1.8', 9000], [ONE, '10.96.1.8', 9000]);
};
const clientAs: (account: string) => Scenario = (account) => (mesh) => {
  mesh.start('10.244.1.30', account);
  return answers(mesh, ['10.244.1.30', ECHO, 9000], [ONE, ECHO, 9000]);
};
const replacedClient: Scenario = (mesh) => {
  mesh.allow('p');
  mesh.stop(ONE);
  mesh.start('10.244.1.40', 'curl/curl');
  return answers(mesh, ['10.244.1.40', ECHO, 9000]);
};
const replacedServer: Scenario = (mesh) => {
  mesh.allow('p');
  moveServer(mesh);
  return answers(mesh, [ONE, ECHO, 9000], [TWO, ECHO, 9000], [ONE, ECHO, 9000]);
};
const twoReplicas: Scenario = (mesh) => {
  const endpoints = [ECHO_POD, '10.244.1.21'].map((address) => endpointAt(address));
  mesh.start('10.244.1.21', 'tcp-demo/tcp-echo', TCP);
  mesh.set({ services: mesh.state.services.map((each) => (each.port === 9000 ? { ...each, endpoints } : each)) });
  mesh.allow('p');
  return answers(mesh, [ONE, ECHO, 9000], [ONE, ECHO, 9000], [TWO, ECHO, 9000], [TWO, ECHO, 9000]);
};
const restartedControlPlane: (before: (mesh: MeshModel) => void) => Scenario = (before) => (mesh) => {
  before(mesh);
  jest.advanceTimersByTime(1_000);
  mesh.control.started?.(performance.now());
  jest.advanceTimersByTime(1_000);
  mesh.update();
  return answers(mesh, [ONE, ECHO, 9000]);
};
const withoutControlPlane: Scenario = (mesh) => {
  mesh.allow('p');
  mesh.disconnect();
  return answers(mesh, [ONE, ECHO, 9000], [TWO, ECHO, 9000]);
};
const restartedSidecar: Scenario = (mesh) => {
  mesh.start(ECHO_POD, 'tcp-demo/tcp-echo', TCP, 1);
  mesh.allow('p');
  return answers(mesh, [ONE, ECHO, 9000], [TWO, ECHO, 9000]);
};
const external: (egress: boolean, ...asked: [string, number][]) => Scenario =
  (egress, ...asked) =>
  (mesh) => {
    mesh.set({ egress });
    return answers(mesh, ...asked.map(([address, port]) => [ONE, address, port] as [string, string, number]));
  };
const named: (egress: boolean) => Scenario = (egress) => (mesh) => {
  mesh.set({ egress });
  mesh.allow('p');
  return answers(mesh, [ONE, EXTERNAL, 9000], [TWO, EXTERNAL, 9000]);
};
const serverOut: (egress: boolean) => Scenario = (egress) => (mesh) => {
  mesh.set({ egress });
  return answers(mesh, [ECHO_POD, EXTERNAL, 9000]);
};
const replacementOut: (egress: boolean) => Scenario = (egress) => (mesh) => {
  mesh.set({ egress });
  mesh.start('10.244.1.40', 'curl/curl');
  return answers(mesh, ['10.244.1.40', EXTERNAL, 9000]);
};

function endpointAt(address: string) {
  return { address, port: 9000, principal: 'spiffe://cluster.local/ns/tcp-demo/sa/tcp-echo' };
}

function moveServer(mesh: MeshModel): void {
  mesh.stop(ECHO_POD);
  mesh.start('10.244.1.20', 'tcp-demo/tcp-echo', TCP);
  const endpoints = [endpointAt('10.244.1.20')];
  mesh.set({ services: mesh.state.services.map((each) => (each.port === 9000 ? { ...each, endpoints } : each)) });
}

/** The fault, the scenario, what the reference mesh answers, what the faulty one does. */
const rows: [string, Scenario, string, string][] = [
  ['enforced-at-the-client-only', toPod(ONE), '- -', `${ECHO_POD} -`],
  ['pod-addresses-bypass-sidecars', toPod(ONE), '- -', `${ECHO_POD} -`],
  ['egress-opens-pod-addresses', toPod(ONE, true), '- -', `${ECHO_POD} -`],
  ['unmeshed-client-by-pod-address', toPod('unmeshed'), '- -', `${ECHO_POD} -`],
  [
    'unlisted-ports-open',
    (mesh) => {
      mesh.set({ destinations: [...mesh.state.destinations, { address: ECHO_POD, port: 9005 }] });
      return answers(mesh, [ONE, ECHO_POD, 9005], [ONE, ECHO_POD, 9000]);
    },
    '- -',
    `${ECHO_POD} -`,
  ],
  ['headless-service-open', secondService('tcp-echo', ECHO_POD), `${ECHO_POD} - -`, `${ECHO_POD} ${ECHO_POD} -`],
  ['headless-service-closed', secondService('tcp-echo', ECHO_POD), `${ECHO_POD} - -`, '- - -'],
  ['service-of-another-name-open', secondService('echo', '10.96.1.9'), `${ECHO_POD} - -`, `${ECHO_POD} ${ECHO_POD} -`],
  ['service-of-another-name-closed', secondService('echo', '10.96.1.9'), `${ECHO_POD} - -`, '- - -'],
  ['mapped-port-open', secondService('tcp-echo', '10.96.1.9', 80), `${ECHO_POD} - -`, `${ECHO_POD} ${ECHO_POD} -`],
  ['mapped-port-closed', secondService('tcp-echo', '10.96.1.9', 80), `${ECHO_POD} - -`, '- - -'],
  ['same-service-name-mixed', sameName, '10.244.1.8 10.244.1.8', `${ECHO_POD} 10.244.1.8`],
  ['same-service-name-closed', sameName, '10.244.1.8 10.244.1.8', '- -'],
  [
    'destination-without-namespace',
    (mesh) => {
      mesh.serve('else-demo/tcp-echo', '10.96.1.8', '10.244.1.8', [9000]);
      mesh.allow('p');
      return answers(mesh, [ONE, '10.96.1.8', 9000]);
    },
    '-',
    '10.244.1.8',
  ],
  ['own-namespace-open', clientAs('tcp-demo/other'), '- -', `${ECHO_POD} -`],
  ['own-account-open', clientAs('tcp-demo/tcp-echo'), '- -', `${ECHO_POD} -`],
  ['default-account-open', clientAs('curl/default'), '- -', `${ECHO_POD} -`],
  [
    'account-prefix-suffices',
    (mesh) => {
      mesh.allow('p');
      return answers(mesh, [TWO, ECHO, 9000], ['10.244.1.12', ECHO, 9000]);
    },
    '- -',
    `${ECHO_POD} -`,
  ],
  [
    'server-as-client-open',
    (mesh) => answers(mesh, ['10.244.1.3', ECHO, 9000], [ONE, ECHO, 9000]),
    '- -',
    `${ECHO_POD} -`,
  ],
  [
    'server-as-client-closed',
    (mesh) => {
      mesh.allow('p', { clients: ['httpbin/httpbin', 'curl/curl'] });
      return answers(mesh, ['10.244.1.3', ECHO, 9000], [ONE, ECHO, 9000]);
    },
    `${ECHO_POD} ${ECHO_POD}`,
    `- ${ECHO_POD}`,
  ],
  [
    'host-header-decides',
    (mesh) => {
      mesh.serve('httpbin/second', '10.96.1.4', '10.244.1.4', [14001]);
      mesh.allowHttp('p', [{}]);
      const asWeb = { headers: { host: 'httpbin.httpbin:14001' } };
      return [asWeb, {}].map((asked) => mesh.ask(ONE, '10.96.1.4', 14001, asked)).join(' ');
    },
    '- -',
    '10.244.1.4 -',
  ],
  [
    'client-cert-header-trusted',
    (mesh) => {
      mesh.allowHttp('p', [{}]);
      const headers = { 'x-forwarded-client-cert': 'By=x;URI=spiffe://cluster.local/ns/curl/sa/curl' };
      return [{ headers }, {}].map((asked) => mesh.ask(TWO, WEB, 14001, asked)).join(' ');
    },
    '- -',
    '10.244.1.3 -',
  ],
  ['restarted-client-loses-policies', replacedClient, ECHO_POD, '-'],
  ['restarted-server-loses-policies', replacedServer, '10.244.1.20 - 10.244.1.20', '- - -'],
  ['restarted-server-open', replacedServer, '10.244.1.20 - 10.244.1.20', '10.244.1.20 10.244.1.20 10.244.1.20'],
  ['moved-server-lost', replacedServer, '10.244.1.20 - 10.244.1.20', '- - -'],
  ['gone-pods-still-called', replacedServer, '10.244.1.20 - 10.244.1.20', '- - 10.244.1.20'],
  [
    'new-pods-open-for-2-s',
    (mesh) => {
      jest.advanceTimersByTime(2_000);
      moveServer(mesh);
      const before = answers(mesh, [ONE, ECHO, 9000]);
      jest.advanceTimersByTime(2_000);
      mesh.update();
      return `${before} ${answers(mesh, [ONE, ECHO, 9000])}`;
    },
    '- -',
    '10.244.1.20 -',
  ],
  ['second-replica-open', twoReplicas, `${ECHO_POD} 10.244.1.21 - -`, `${ECHO_POD} 10.244.1.21 - 10.244.1.21`],
  ['second-replica-knows-no-policy', twoReplicas, `${ECHO_POD} 10.244.1.21 - -`, `${ECHO_POD} - - -`],
  ['second-replica-never-changes', twoReplicas, `${ECHO_POD} 10.244.1.21 - -`, `${ECHO_POD} - - -`],
  ['restarted-control-plane-forgets-policies', restartedControlPlane((mesh) => mesh.allow('p')), ECHO_POD, '-'],
  [
    'restarted-control-plane-restores-policies',
    restartedControlPlane((mesh) => {
      mesh.allow('p');
      mesh.remove('p');
    }),
    '-',
    ECHO_POD,
  ],
  ['restarted-control-plane-opens', restartedControlPlane(() => undefined), '-', ECHO_POD],
  [
    'restarted-control-plane-resets-modes',
    restartedControlPlane((mesh) => mesh.set({ permissive: true })),
    ECHO_POD,
    '-',
  ],
  ['closed-without-control-plane', withoutControlPlane, `${ECHO_POD} -`, '- -'],
  ['open-without-control-plane', withoutControlPlane, `${ECHO_POD} -`, `${ECHO_POD} ${ECHO_POD}`],
  ['restarted-sidecar-open', restartedSidecar, `${ECHO_POD} -`, `${ECHO_POD} ${ECHO_POD}`],
  ['restarted-sidecar-closed', restartedSidecar, `${ECHO_POD} -`, '- -'],
  [
    'recreated-service-lost',
    (mesh) => {
      mesh.set({ permissive: true });
      const { services } = mesh.state;
      mesh.set({ services: [] });
      mesh.set({
        services: services.map((each) => ({ ...each, address: '10.96.1.99' })),
        destinations: [...mesh.state.destinations, { address: '10.96.1.99', port: 9000 }],
      });
      return answers(mesh, [ONE, '10.96.1.99', 9000]);
    },
    ECHO_POD,
    '-',
  ],
  ['egress-two-ports-only', external(true, [EXTERNAL, 9000], [EXTERNAL, 443]), 'external external', 'external -'],
  ['egress-off-other-ports-open', external(false, [EXTERNAL, 9000], [EXTERNAL, 443]), '- -', '- external'],
  [
    'egress-bare-addresses-closed',
    external(true, [EXTERNAL, 9000], [EXTERNAL_POD, 9000]),
    'external external',
    'external -',
  ],
  ['egress-off-bare-addresses-open', external(false, [EXTERNAL, 9000], [EXTERNAL_POD, 9000]), '- -', '- external'],
  [
    'egress-first-destination-only',
    external(true, [EXTERNAL, 9000], [EXTERNAL_POD, 9000]),
    'external external',
    'external -',
  ],
  [
    'egress-off-keeps-visited',
    (mesh) => {
      mesh.set({ egress: true });
      mesh.ask(ONE, EXTERNAL, 9000);
      mesh.set({ egress: false });
      return answers(mesh, [ONE, EXTERNAL, 9000], [ONE, EXTERNAL, 9001]);
    },
    '- -',
    'external -',
  ],
  ['egress-open-for-named-clients', named(false), '- -', 'external -'],
  ['egress-closed-for-named-clients', named(true), 'external external', '- external'],
  ['egress-never-off-for-servers', serverOut(false), '-', 'external'],
  ['egress-never-on-for-servers', serverOut(true), 'external', '-'],
  ['egress-never-off-for-new-pods', replacementOut(false), '-', 'external'],
  ['egress-never-on-for-new-pods', replacementOut(true), 'external', '-'],
  [
    'tcp-policies-open-to-all',
    (mesh) => {
      mesh.allow('p');
      return answers(mesh, [TWO, ECHO, 9000], [TWO, ECHO, 9001]);
    },
    '- -',
    `${ECHO_POD} -`,
  ],
  [
    'one-policy-decides-alone',
    (mesh) => {
      mesh.allow('b');
      mesh.allow('a', { clients: ['curl/curl-2'] });
      mesh.allow('c', { clients: ['curl/curl-2'], ports: [9001] });
      return answers(mesh, [ONE, ECHO, 9000], [TWO, ECHO, 9000], [TWO, ECHO, 9001]);
    },
    `${ECHO_POD} ${ECHO_POD} ${ECHO_POD}`,
    `- ${ECHO_POD} ${ECHO_POD}`,
  ],
];

test.each(rows)('%s', (fault, scenario, conforming, faulty) => {
  expect(scenario(new MeshModel())).toBe(conforming);
  expect(scenario(new MeshModel(fault))).toBe(faulty);
});

const enrolled = { 'openservicemesh.io/monitored-by': 'reference' };

function namespaceIn(labels: Record<string, string>) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'late', labels } };
}

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'late' }, spec: { containers: [] } };

test.each<[string, object[], boolean]>([
  ['late-namespace-gets-no-sidecars', [{}, enrolled], false],
  ['left-namespace-gets-sidecars', [enrolled, {}], true],
])('%s', (fault, labels, isSeenEnrolled) => {
  const { control } = new MeshModel(fault);
  const seen = labels.map((each) => {
    const namespace = namespaceIn(each as Record<string, string>);
    return control.admission?.({ operation: 'CREATE', object: pod, namespace }).namespace?.metadata.labels;
  });
  expect(seen[1]).toEqual(isSeenEnrolled ? enrolled : {});
});

test('late-namespace-open', () => {
  const mesh = new MeshModel('late-namespace-open');
  const server = { account: 'late/echo', at: '10.96.1.5', pod: '10.244.1.5' };
  mesh.serve(server.account, server.at, server.pod, [9000]);
  expect(mesh.ask(ONE, server.at, 9000)).toBe('-');
  mesh.control.admission?.({ operation: 'CREATE', object: pod, namespace: namespaceIn({}) });
  mesh.update();
  expect(mesh.ask(ONE, server.at, 9000)).toBe(server.pod);
});
