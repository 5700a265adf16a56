import { beforeEach, expect, jest, test } from '@jest/globals';
import { MeshModel } from '../testing/mesh-model.ts';

const ONE = '10.244.1.10';
const TWO = '10.244.1.11';
const ELSEWHERE = '10.244.1.12';
const ACCOUNTS = { one: 'curl/curl', two: 'curl/curl-2', elsewhere: 'curl-elsewhere/curl' };

beforeEach(() => {
  jest.useFakeTimers();
});

/** Who is let in: `+` or `-` for each client and port, such as `one:9000`. */
function seen(mesh: MeshModel, ...asked: string[]): string {
  const clients: Record<string, string> = { one: ONE, two: TWO, elsewhere: ELSEWHERE };
  return asked
    .map((each) => {
      const [client = '', port] = each.split(':');
      const answer = mesh.ask(
        clients[client] ?? '',
        port === 'http' ? '10.96.1.2' : '10.96.1.1',
        Number(port) || 14001,
      );
      return answer === '-' ? '-' : '+';
    })
    .join('');
}

function wait(mesh: MeshModel, ms: number): void {
  jest.advanceTimersByTime(ms);
  mesh.update();
}

type Scenario = (mesh: MeshModel) => string;

const bothPorts: Scenario = (mesh) => {
  mesh.allow('p', { ports: [9000, 9001] });
  return seen(mesh, 'one:9000', 'one:9001');
};
const threePorts: Scenario = (mesh) => {
  mesh.serve('tcp-demo/tcp-echo', '10.96.1.1', '10.244.1.2', [9002]);
  mesh.start(
    '10.244.1.2',
    'tcp-demo/tcp-echo',
    [9000, 9001, 9002].map((port) => ({ port, protocol: 'tcp' as const })),
  );
  mesh.allow('p', { ports: [9000, 9002] });
  return seen(mesh, 'one:9000', 'one:9001', 'one:9002');
};
const threeClients: Scenario = (mesh) => {
  mesh.allow('p', { clients: Object.values(ACCOUNTS) });
  return seen(mesh, 'one:9000', 'two:9000', 'elsewhere:9000');
};
const twoRules: Scenario = (mesh) => {
  mesh.allow('q', { ports: [9001], clients: [] });
  mesh.allow('p', { ports: [9000], routes: ['p', 'q'] });
  return seen(mesh, 'one:9000', 'one:9001');
};
const bothKinds: Scenario = (mesh) => {
  mesh.serve('tcp-demo/tcp-echo', '10.96.1.2', '10.244.1.2', [14001]);
  mesh.start('10.244.1.2', 'tcp-demo/tcp-echo', [
    { port: 9000, protocol: 'tcp' },
    { port: 14001, protocol: 'http' },
  ]);
  mesh.set({
    services: mesh.state.services.filter(({ name, address }) => name !== 'httpbin' || address !== '10.96.1.2'),
  });
  mesh.allowHttp('h', [{}], { server: 'tcp-demo/tcp-echo', clients: [] });
  mesh.allow('p');
  mesh.set({
    targets: mesh.state.targets.map((target) =>
      target.name === 'p' ? { ...target, rules: [...target.rules, { kind: 'HTTPRouteGroup', name: 'h' }] } : target,
    ),
  });
  return seen(mesh, 'one:9000', 'one:http');
};
const onePortEach: Scenario = (mesh) => {
  mesh.allow('a', { ports: [9000] });
  mesh.allow('b', { ports: [9001] });
  return seen(mesh, 'one:9000', 'one:9001');
};
const deleted: (name: string) => Scenario = (name) => (mesh) => {
  mesh.allow('a', { ports: [9000] });
  mesh.allow('b', { ports: [9001] });
  mesh.remove(name);
  return seen(mesh, 'one:9000', 'one:9001');
};
const sharedRoute: (ends: boolean) => Scenario = (ends) => (mesh) => {
  mesh.allow('a');
  mesh.allow('b', { clients: [ACCOUNTS.two], routes: ['a'] });
  if (ends) mesh.remove('b');
  return seen(mesh, 'one:9000', 'two:9000');
};
const portEdited: Scenario = (mesh) => {
  mesh.allow('p', { ports: [9000] });
  wait(mesh, 10_000);
  mesh.allow('p', { ports: [9001] });
  return seen(mesh, 'one:9000', 'one:9001');
};
const sourceEdited: Scenario = (mesh) => {
  mesh.allow('p');
  wait(mesh, 10_000);
  mesh.allow('p', { clients: [ACCOUNTS.two] });
  return seen(mesh, 'one:9000', 'two:9000');
};
const after: (ms: number) => Scenario = (ms) => (mesh) => {
  mesh.allow('p');
  const before = seen(mesh, 'one:9000');
  wait(mesh, ms);
  return before + seen(mesh, 'one:9000');
};
const deletedAndLater: (what: 'both' | 'route') => Scenario = (what) => (mesh) => {
  mesh.allow('p');
  wait(mesh, 100);
  mesh.remove('p', what);
  const before = seen(mesh, 'one:9000');
  wait(mesh, 6_000);
  return before + seen(mesh, 'one:9000');
};
const switched: (...steps: ('allow' | 'remove' | 'permissive' | 'egress' | 'other')[]) => Scenario =
  (...steps) =>
  (mesh) => {
    for (const step of steps) {
      wait(mesh, 100);
      if (step === 'allow') mesh.allow('p');
      else if (step === 'remove') mesh.remove('p');
      else if (step === 'other') mesh.allow('other', { clients: [ACCOUNTS.two] });
      else mesh.set({ [step]: !mesh.state[step] });
    }
    return seen(mesh, 'one:9000');
  };

/** The fault, the scenario, what the reference mesh does, what the faulty one does. */
const rows: [string, Scenario, string, string][] = [
  ['first-port-only', bothPorts, '++', '+-'],
  ['last-port-only', bothPorts, '++', '-+'],
  ['ports-as-range', threePorts, '+-+', '+++'],
  [
    'route-without-ports-opens-nothing',
    (mesh) => {
      mesh.allow('p', { ports: undefined });
      return seen(mesh, 'one:9000');
    },
    '+',
    '-',
  ],
  [
    'target-port-ignored',
    (mesh) => {
      mesh.allow('p', { ports: [9000, 9001], destinationPort: 9000 });
      return seen(mesh, 'one:9000', 'one:9001');
    },
    '+-',
    '++',
  ],
  ['first-source-only', threeClients, '+++', '+--'],
  ['last-source-only', threeClients, '+++', '--+'],
  ['third-source-ignored', threeClients, '+++', '++-'],
  ['sources-of-one-namespace-only', threeClients, '+++', '++-'],
  [
    'sources-crossed',
    (mesh) => {
      mesh.allow('p', { clients: [ACCOUNTS.two, ACCOUNTS.elsewhere] });
      return seen(mesh, 'one:9000', 'two:9000', 'elsewhere:9000');
    },
    '-++',
    '+++',
  ],
  ['first-rule-only', twoRules, '++', '+-'],
  ['last-rule-only', twoRules, '++', '-+'],
  ['all-rules-must-match', twoRules, '++', '--'],
  ['tcp-rules-hide-http-rules', bothKinds, '++', '+-'],
  ['newer-policy-replaces-older', onePortEach, '++', '-+'],
  ['second-policy-ignored', onePortEach, '++', '+-'],
  [
    'third-policy-for-a-client-ignored',
    (mesh) => {
      mesh.allow('c', { ports: [9002] });
      return onePortEach(mesh);
    },
    '++',
    '+-',
  ],
  ['one-deletion-ends-both', deleted('a'), '-+', '--'],
  ['one-deletion-of-two-ignored', deleted('a'), '-+', '++'],
  [
    'same-name-elsewhere-ignored',
    (mesh) => {
      mesh.allow('p');
      mesh.allowHttp('p', [{}]);
      return seen(mesh, 'one:9000', 'one:http');
    },
    '++',
    '+-',
  ],
  ['shared-route-serves-one', sharedRoute(false), '++', '+-'],
  ['shared-route-ends-with-one', sharedRoute(true), '+-', '--'],
  [
    'tcp-policy-hides-http-policy',
    (mesh) => {
      mesh.allow('p');
      mesh.allowHttp('h', [{}]);
      return seen(mesh, 'one:9000', 'one:http');
    },
    '++',
    '+-',
  ],
  [
    'clients-of-a-server-mixed',
    (mesh) => {
      mesh.allow('a', { ports: [9000] });
      mesh.allow('b', { ports: [9001], clients: [ACCOUNTS.two] });
      return seen(mesh, 'one:9000', 'one:9001', 'two:9000', 'two:9001');
    },
    '+--+',
    '++++',
  ],
  [
    'servers-of-a-client-mixed',
    (mesh) => {
      mesh.serve('other-demo/tcp-echo', '10.96.1.7', '10.244.1.7', [9000, 9001]);
      mesh.allow('a', { ports: [9000] });
      mesh.allow('b', { ports: [9001], server: 'other-demo/tcp-echo' });
      return seen(mesh, 'one:9000', 'one:9001');
    },
    '+-',
    '++',
  ],
  ['port-edits-ignored', portEdited, '-+', '+-'],
  ['source-edits-ignored', sourceEdited, '-+', '+-'],
  [
    'second-edit-ignored',
    (mesh) => {
      mesh.allow('p', { ports: [9002] });
      return portEdited(mesh);
    },
    '-+',
    '+-',
  ],
  ['removed-ports-stay', portEdited, '-+', '++'],
  ['removed-sources-stay', sourceEdited, '-+', '++'],
  [
    'added-ports-ignored',
    (mesh) => {
      mesh.allow('p', { ports: [9000] });
      mesh.allow('p', { ports: [9000, 9001] });
      return seen(mesh, 'one:9000', 'one:9001');
    },
    '++',
    '+-',
  ],
  [
    'former-destination-stays-open',
    (mesh) => {
      mesh.serve('tcp-demo/other', '10.96.1.7', '10.244.1.7', [9000]);
      mesh.allow('p');
      mesh.allow('p', { server: 'tcp-demo/other' });
      return seen(mesh, 'one:9000');
    },
    '-',
    '+',
  ],
  ['edited-policy-stops', portEdited, '-+', '--'],
  [
    'edit-interrupts',
    (mesh) => {
      mesh.allow('p', { ports: [9000] });
      wait(mesh, 5_000);
      mesh.allow('p', { ports: [9000, 9001] });
      const during = seen(mesh, 'one:9000');
      wait(mesh, 1_500);
      return during + seen(mesh, 'one:9000');
    },
    '++',
    '-+',
  ],
  ['edited-route-waits-for-target', portEdited, '-+', '+-'],
  [
    'recreated-policy-has-its-old-content',
    (mesh) => {
      mesh.allow('p', { ports: [9000] });
      mesh.remove('p');
      mesh.allow('p', { ports: [9001] });
      return seen(mesh, 'one:9000', 'one:9001');
    },
    '-+',
    '+-',
  ],
  ['policy-stops-after-4-s', after(4_000), '++', '+-'],
  ['policy-stops-after-10-s', after(10_000), '++', '+-'],
  ['policy-stops-when-unused', after(5_100), '++', '+-'],
  [
    'policies-lost-at-resync',
    (mesh) => {
      jest.setSystemTime(7_000 * 1_000 - 500);
      mesh.allow('p');
      return after(600)(mesh);
    },
    '++',
    '+-',
  ],
  [
    'denials-lost-at-resync',
    (mesh) => {
      jest.setSystemTime(7_000 * 1_000 - 500);
      mesh.allow('p', { clients: [ACCOUNTS.two] });
      const before = seen(mesh, 'one:9000');
      wait(mesh, 600);
      return before + seen(mesh, 'one:9000');
    },
    '--',
    '-+',
  ],
  ['policy-made-while-permissive-never-acts', switched('permissive', 'allow', 'permissive'), '+', '-'],
  ['permissive-mode-ends-older-policies', switched('allow', 'permissive', 'permissive'), '+', '-'],
  ['egress-switch-ends-policies', switched('allow', 'egress'), '+', '-'],
  ['deleted-while-permissive-returns', switched('allow', 'permissive', 'remove', 'permissive'), '-', '+'],
  ['deleted-policy-returns-after-6-s', deletedAndLater('both'), '--', '-+'],
  ['deleted-route-returns-after-6-s', deletedAndLater('route'), '--', '-+'],
  ['deleted-policy-returns-with-egress', switched('allow', 'remove', 'egress'), '-', '+'],
  ['deleted-policy-returns-with-the-next', switched('allow', 'remove', 'other'), '-', '+'],
];

test.each(rows)('%s', (fault, scenario, conforming, faulty) => {
  expect(scenario(new MeshModel())).toBe(conforming);
  expect(scenario(new MeshModel(fault))).toBe(faulty);
});
