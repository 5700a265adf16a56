import { acceptingAnyEgress, acceptingAnyValue, installedWithEgress } from '../driver.ts';
import { type Case, wrong } from './case.ts';

const devised = 'from the notes alone';

const identity: Case[] = [
  wrong(
    'identity',
    'any-source',
    { says: 'a policy that names one client lets in every client of the mesh', devised },
    ['tcp-routing/other-account', 'tcp-routing/other-namespace', 'permissive/off-obeys-policy'],
  ),
  wrong(
    'identity',
    'account-without-namespace',
    { says: 'accounts are compared by their names, their namespaces left out' },
    ['tcp-routing/other-namespace', 'permissive/on-ignores-policies'],
  ),
  wrong(
    'identity',
    'namespace-without-account',
    { says: 'accounts are compared by their namespaces, their names left out' },
    ['tcp-routing/other-account', 'permissive/off-obeys-policy'],
  ),
  wrong(
    'identity',
    'source-and-destination-swapped',
    { says: 'a policy lets the destination call the source, and not the reverse' },
    ['tcp-routing/allowed-port', 'permissive/off-obeys-policy'],
  ),
  wrong(
    'identity',
    'enforced-at-the-client-only',
    {
      says: "the server's sidecar lets in every client of the mesh; only the client's own sidecar refuses",
      devised,
      alongside: ['tcp-routing/other-account'],
      because: 'no client of the mesh gets round its own sidecar, so that no probe can tell',
    },
    [],
  ),
  wrong(
    'identity',
    'clients-word-trusted',
    { says: 'a client without a certificate is believed to be of the mesh wherever everybody of the mesh is let in' },
    ['permissive/unmeshed-client'],
  ),
];

const policies: Case[] = [
  wrong('ports', 'ports-ignored', { says: 'a TCPRoute allows every port, whatever it lists', devised }, [
    'tcp-routing/other-port',
  ]),
  wrong(
    'ports',
    'port-as-start-of-range',
    {
      says: "a TCPRoute's port is taken for the first of a range of ten",
      because: 'what is wrong of a list of ports shows only at a port that is not in it',
    },
    ['tcp-routing/other-port'],
  ),
  wrong('ports', 'port-off-by-one', { says: 'a TCPRoute allows the port after the one that it lists' }, [
    'tcp-routing/allowed-port',
    'tcp-routing/other-port',
  ]),
  wrong(
    'protocol',
    'tcp-rules-on-http',
    { says: 'HTTP is judged by TCP rules, so that an HTTPRouteGroup lets nobody in' },
    ['permissive/off-obeys-policy', 'permissive/on-ignores-policies'],
  ),
  wrong(
    'protocol',
    'http-policies-ignored',
    {
      says: 'HTTPRouteGroups are not read',
      because: 'to a client it is one whether a rule is not read or judged by the wrong protocol',
    },
    ['permissive/off-obeys-policy', 'egress/on-keeps-policy'],
  ),
  wrong('policies', 'only-one-target', { says: 'of several TrafficTargets only the last counts', devised }, [
    'permissive/on-ignores-policies',
    'egress/off-keeps-allowed',
  ]),
  wrong(
    'policies',
    'target-before-route-forgotten',
    { says: 'a TrafficTarget whose route did not exist when it was made stays without effect', devised },
    ['tcp-routing/target-before-route'],
  ),
  wrong(
    'policies',
    'target-without-route-opens',
    { says: 'a TrafficTarget whose TCPRoute is not there allows every port' },
    ['tcp-routing/target-before-route', 'tcp-routing/route-deleted'],
  ),
  wrong(
    'policies',
    'policies-restrict-when-permissive',
    {
      says: 'a server that a policy names is closed to all others in permissive mode too',
      because: 'what it does always shows where it is done at times',
    },
    ['permissive/on-ignores-policies'],
  ),
  wrong(
    'policies',
    'new-policies-restrict-when-permissive',
    {
      says: 'a server is closed to all others in permissive mode by a policy made since the mode was switched on',
      because: 'one claim asks for both, before and after a switch',
    },
    ['permissive/on-ignores-policies'],
  ),
  wrong(
    'policies',
    'standing-policies-restrict-when-permissive',
    {
      says: 'a server is closed to all others in permissive mode by a policy that was there when it was switched on',
      because: 'one claim asks for both, before and after a switch',
    },
    ['permissive/on-ignores-policies'],
  ),
  wrong('policies', 'deletes-ignored', { says: 'the deletion of a policy never acts' }, [
    'permissive/off-obeys-policy',
    'tcp-routing/allowed-port',
    'tcp-routing/target-deleted',
    'tcp-routing/route-deleted',
  ]),
  wrong(
    'policies',
    'target-deletes-ignored',
    { says: 'the deletion of a TrafficTarget never acts, that of its route does' },
    ['tcp-routing/target-deleted'],
  ),
  wrong(
    'policies',
    'route-deletes-ignored',
    { says: 'the deletion of a route never acts, that of a TrafficTarget does' },
    ['tcp-routing/route-deleted'],
  ),
  wrong(
    'policies',
    'policies-need-restart',
    { says: 'a sidecar knows only the policies that were there when it started' },
    ['tcp-routing/allowed-port', 'permissive/off-obeys-policy'],
  ),
];

const modes: Case[] = [
  wrong(
    'modes',
    'permissive-switch-ignored',
    { says: 'the permissive switch does nothing: the mode stays what it was at first' },
    [
      'permissive/off-closes',
      'permissive/unmeshed-client',
      'tcp-routing/no-policy',
      'tcp-routing/permissive-echo',
      'egress/off-keeps-allowed',
    ],
  ),
  wrong('modes', 'permissive-never-on', { says: 'permissive mode cannot be had: it is always off' }, [
    'permissive/on-opens',
    'tcp-routing/permissive-echo',
  ]),
  wrong('modes', 'permissive-inverted', { says: 'the permissive switch does the reverse' }, [
    'permissive/on-opens',
    'permissive/off-closes',
  ]),
  wrong('modes', 'permissive-http-only', { says: 'permissive mode opens HTTP and leaves TCP closed', devised }, [
    'permissive/on-opens',
    'tcp-routing/permissive-echo',
  ]),
  wrong('modes', 'permissive-tcp-only', { says: 'permissive mode opens TCP and leaves HTTP closed' }, [
    'permissive/on-opens',
    'permissive/off-closes',
  ]),
  wrong('modes', 'permissive-stale-for-tcp', { says: 'switched off, the permissive mode goes on for TCP' }, [
    'permissive/off-closes',
    'tcp-routing/no-policy',
  ]),
  wrong('modes', 'permissive-stale-for-http', { says: 'switched off, the permissive mode goes on for HTTP' }, [
    'permissive/off-closes',
    'permissive/switches',
  ]),
  wrong('modes', 'permissive-on-comes-back', { says: 'switched off, permissive mode comes back after 8 s' }, [
    'permissive/stays-off',
  ]),
  wrong(
    'modes',
    'permissive-off-comes-back',
    { says: 'switched on, permissive mode is gone after 8 s', alongside: ['permissive/on-opens'] },
    ['permissive/stays-on'],
  ),
  wrong(
    'modes',
    'permissive-leaves-routes',
    { says: 'a server that a policy names when permissive mode ends stays open to all (osm#3775)', devised },
    ['permissive/on-ignores-policies'],
  ),
  wrong('modes', 'half-follow', { says: 'the sidecars of half of the namespaces never follow a switch' }, [
    'tcp-routing/other-namespace',
    'egress/every-client',
  ]),
  wrong('modes', 'permissive-wears-out', { says: 'the permissive switch is followed twice and then no more' }, [
    'permissive/switches',
  ]),
  wrong(
    'modes',
    'permissive-waits-for-policies',
    { says: 'a switch of the permissive mode acts at the next change of a policy' },
    ['permissive/on-opens', 'permissive/off-closes'],
  ),
  wrong('modes', 'one-client-never-opened', { says: 'one client of the mesh never gets permissive mode' }, [
    'permissive/stays-on',
  ]),
  wrong('modes', 'one-client-never-closed', { says: 'one client of the mesh is never refused' }, [
    'permissive/stays-off',
    'permissive/stays-on',
    'tcp-routing/other-account',
  ]),
  wrong(
    'modes',
    'named-clients-never-closed',
    { says: 'the clients that policies name are let in to the first port of each server before there is a policy' },
    ['tcp-routing/other-account', 'tcp-routing/other-namespace', 'tcp-routing/other-port'],
  ),
];

const egress: Case[] = [
  wrong(
    'egress',
    'egress-needs-restart',
    { says: 'a sidecar goes by the egress mode that there was when it started' },
    ['egress/off-closes', 'egress/stays-off'],
  ),
  wrong('egress', 'egress-never-on', { says: 'egress cannot be had: it is always off' }, [
    'egress/on-opens',
    'egress/stays-on',
  ]),
  wrong('egress', 'egress-follows-permissive', { says: 'egress goes by the permissive switch' }, [
    'egress/on-keeps-policy',
    'egress/off-closes',
  ]),
  wrong('egress', 'egress-on-once-only', { says: 'egress that was switched off once cannot be switched on again' }, [
    'egress/on-opens',
    'egress/switches',
  ]),
  wrong('egress', 'egress-off-once-only', { says: 'egress that was switched on again cannot be switched off again' }, [
    'egress/switches',
    'egress/every-client',
    'egress/set-at-installation',
  ]),
  wrong('egress', 'egress-on-comes-back', { says: 'switched off, egress comes back after 8 s' }, ['egress/stays-off']),
  wrong(
    'egress',
    'egress-off-comes-back',
    { says: 'switched on, egress is gone after 8 s', alongside: ['egress/on-opens'] },
    ['egress/stays-on'],
  ),
  wrong('egress', 'egress-first-client-only', { says: 'egress opens for one client of the mesh only' }, [
    'egress/every-client',
  ]),
  wrong('egress', 'egress-one-client-never-closed', { says: 'one client of the mesh always gets out' }, [
    'egress/every-client',
    'egress/stays-off',
    'egress/stays-on',
  ]),
  wrong('egress', 'egress-http-only', { says: 'egress opens HTTP and leaves TCP closed' }, [
    'egress/on-opens',
    'egress/switches',
  ]),
  wrong('egress', 'egress-tcp-never-closed', { says: 'egress switched off closes HTTP and leaves TCP open' }, [
    'egress/off-closes',
    'egress/switches',
    'egress/on-keeps-policy',
  ]),
  wrong(
    'egress',
    'egress-address-never-closed',
    { says: 'egress switched off closes what is asked for by name, and leaves open what is asked for by address' },
    ['egress/off-closes', 'egress/on-opens'],
  ),
  wrong('egress', 'egress-opens-in-mesh', { says: 'egress switched on opens in-mesh traffic that no policy allows' }, [
    'egress/on-keeps-policy',
  ]),
  wrong(
    'egress',
    'egress-off-closes-in-mesh',
    { says: 'egress switched off closes in-mesh traffic that a policy allows' },
    ['egress/off-keeps-allowed'],
  ),
  ...[true, false].map(
    (value): Case => ({
      name: value ? 'egress-installed-on' : 'egress-installed-off',
      kind: 'mesh',
      area: 'egress',
      says: `the installation leaves egress ${value ? 'on' : 'off'}, whatever it is told`,
      driver: installedWithEgress(value),
      caughtBy: ['egress/set-at-installation'],
      because: 'one claim installs the mesh with either value',
    }),
  ),
];

const enrolment: Case[] = [
  wrong('enrolment', 'no-sidecar', { says: 'pods of an enrolled namespace get no sidecar' }, [
    'permissive/enrolment',
    'permissive/off-closes',
  ]),
  wrong('enrolment', 'sidecar-bypassed', { says: 'pods get a sidecar, and their traffic goes past it' }, [
    'permissive/unmeshed-client',
    'permissive/off-closes',
  ]),
  wrong('enrolment', 'sidecar-in-every-pod', { says: 'pods of namespaces that are not enrolled get a sidecar too' }, [
    'permissive/enrolment',
  ]),
  wrong(
    'enrolment',
    'unmeshed-client-admitted',
    {
      says: 'a client outside the mesh is let in',
      because: 'one claim is about clients outside the mesh, in both modes; each of these faults is one half of it',
    },
    ['permissive/unmeshed-client'],
  ),
  wrong(
    'enrolment',
    'unmeshed-client-admitted-to-tcp',
    {
      says: 'a client outside the mesh is let in on TCP ports',
      because: 'one claim is about clients outside the mesh, by both protocols',
    },
    ['permissive/unmeshed-client'],
  ),
  wrong(
    'enrolment',
    'unmeshed-client-admitted-when-off',
    {
      says: 'a client outside the mesh is let in while permissive mode is off',
      because: 'one claim asks for both modes',
    },
    ['permissive/unmeshed-client'],
  ),
  wrong(
    'enrolment',
    'new-pods-closed-for-ever',
    { says: 'a pod that takes the place of another is never let through' },
    ['egress/set-at-installation'],
  ),
  wrong('enrolment', 'new-pods-start-open', { says: 'a pod that takes the place of another is open for 15 s' }, [
    'egress/set-at-installation',
  ]),
];

const reliability: Case[] = [
  wrong('reliability', 'refuses-one-in-5', { says: 'one connection in 5, drawn by lot, is refused' }, [
    'permissive/on-opens',
    'tcp-routing/permissive-echo',
  ]),
  wrong('reliability', 'refuses-one-in-20', { says: 'one connection in 20, drawn by lot, is refused' }, [
    'permissive/on-opens',
  ]),
  wrong(
    'reliability',
    'lets-in-one-in-5',
    { says: 'one connection in 5 that must be refused, drawn by lot, is let in' },
    ['permissive/off-closes', 'egress/off-closes'],
  ),
  wrong(
    'reliability',
    'lets-in-one-in-20',
    { says: 'one connection in 20 that must be refused, drawn by lot, is let in' },
    ['permissive/off-closes'],
  ),
  wrong('reliability', 'refuses-one-in-50', { says: 'one connection in 50, drawn by lot, is refused' }, [
    'reliability/keeps-answering',
  ]),
  wrong(
    'reliability',
    'refuses-one-in-500',
    {
      says: 'one connection in 500, drawn by lot, is refused',
      because: 'one claim is about rare refusals; how rare they may be is in docs/faults.md',
    },
    ['reliability/keeps-answering'],
  ),
  wrong(
    'reliability',
    'lets-in-one-in-50',
    { says: 'one connection in 50 that must be refused, drawn by lot, is let in' },
    ['reliability/keeps-refusing'],
  ),
  wrong(
    'reliability',
    'lets-in-one-in-500',
    {
      says: 'one connection in 500 that must be refused, drawn by lot, is let in',
      because: 'one claim is about rare leaks; how rare they may be is in docs/faults.md',
    },
    ['reliability/keeps-refusing'],
  ),
  wrong('reliability', 'closes-every-3-s', { says: 'everything is refused for one second in three' }, [
    'permissive/stays-on',
  ]),
  wrong('reliability', 'opens-every-3-s', { says: 'in-mesh traffic is let in for one second in three' }, [
    'permissive/stays-off',
  ]),
  wrong(
    'reliability',
    'opens-after-each-change',
    {
      says: 'everything in the mesh is let in for a second after each change',
      alongside: ['tcp-routing/allowed-port', 'tcp-routing/other-port'],
    },
    ['permissive/stays-off'],
  ),
  wrong('reliability', 'accepts-and-hangs', { says: 'connections that are allowed are accepted and never answered' }, [
    'permissive/on-opens',
    'egress/on-opens',
  ]),
  wrong('reliability', 'answers-from-cache', { says: 'HTTP is answered from a cache that leaves the query out' }, [
    'permissive/on-opens',
    'permissive/off-closes',
  ]),
  wrong(
    'reliability',
    'answers-in-place-of-the-server',
    { says: 'the proxy makes up the answer, and the server never sees the request' },
    ['permissive/on-opens'],
  ),
  wrong(
    'reliability',
    'denies-with-an-empty-200',
    { says: 'HTTP that is refused is answered with status 200 and no body', devised },
    ['permissive/off-closes'],
  ),
  wrong('reliability', 'answers-cut-at-16-kib', { says: 'answers are cut after 16 KiB' }, [
    'reliability/whole-answers',
  ]),
  wrong(
    'reliability',
    'delivers-then-cuts',
    { says: 'TCP that is refused reaches the server, and only the answer is held back', devised },
    ['permissive/off-closes', 'tcp-routing/no-policy'],
  ),
  wrong('reliability', 'echo-altered', { says: 'TCP answers are altered on the way: their letters become capitals' }, [
    'tcp-routing/permissive-echo',
  ]),
  wrong('reliability', 'http-answers-altered', { says: 'HTTP answers are altered on the way' }, [
    'permissive/on-opens',
  ]),
  wrong('reliability', 'head-refused', { says: 'HTTP requests with the method HEAD are refused' }, [
    'permissive/on-opens',
  ]),
  {
    name: 'crash-loop',
    kind: 'mesh',
    area: 'reliability',
    says: 'sidecars crash when they start, again and again',
    sets: ['reference.sidecarImage=meshproof/reference-sidecar-crashing:v1'],
    caughtBy: ['lifecycle/stable'],
  },
  wrong(
    'reliability',
    'sidecar-crashes-at-changes',
    { says: 'sidecars crash once, at their fourth change', alongside: ['permissive/switches'] },
    ['lifecycle/stable'],
  ),
];

const controlPlane: Case[] = [
  wrong(
    'control plane',
    'dies-and-fails-open',
    { says: 'the control plane dies after three changes, and the sidecars let everything in' },
    ['permissive/switches'],
  ),
  wrong(
    'control plane',
    'dies-and-fails-closed',
    { says: 'the control plane dies after three changes, and the sidecars refuse everything' },
    ['permissive/switches'],
  ),
  wrong(
    'control plane',
    'dies-and-freezes',
    { says: 'the control plane dies after three changes, and the sidecars keep to what they were told last' },
    ['permissive/switches'],
  ),
  wrong('control plane', 'one-change-behind', { says: 'what acts is the last change but one' }, [
    'permissive/on-opens',
    'tcp-routing/allowed-port',
  ]),
  wrong('control plane', 'one-policy-behind', { says: 'of TrafficTargets, what acts is the last change but one' }, [
    'tcp-routing/allowed-port',
    'tcp-routing/target-deleted',
  ]),
  {
    name: 'accepts-any-value',
    kind: 'mesh',
    area: 'control plane',
    says: 'the API accepts values for its switches that are not booleans',
    driver: acceptingAnyValue,
    caughtBy: ['permissive/booleans-only', 'egress/booleans-only'],
    devised,
  },
  {
    name: 'accepts-any-egress-value',
    kind: 'mesh',
    area: 'control plane',
    says: 'the API accepts values for the egress switch that are not booleans',
    driver: acceptingAnyEgress,
    caughtBy: ['egress/booleans-only'],
  },
];

/** Wrong meshes. Each has one deviation, and names claims every one of which must notice it. */
export const meshCases: Case[] = [
  ...identity,
  ...policies,
  ...modes,
  ...egress,
  ...enrolment,
  ...reliability,
  ...controlPlane,
];
