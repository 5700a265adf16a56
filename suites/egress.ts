import {
  claim,
  curl,
  egressTargetHttp,
  egressTargetTcp,
  expect,
  given,
  httpbin,
  mesh,
  otherClient,
  policies,
  sameNameClient,
  tcpEcho,
} from '../lib/harness.ts';

const byName = [curl.gets(egressTargetHttp), curl.sends(egressTargetTcp)];
const byAddress = [curl.gets(egressTargetHttp.address), curl.sends(egressTargetTcp.address)];
const inMesh = [curl.gets(httpbin), curl.sends(tcpEcho)];
const everyClient = [curl, otherClient, sameNameClient].map((client) => client.gets(egressTargetHttp));

claim(
  {
    id: 'egress/booleans-only',
    title: 'the egress switch accepts only booleans',
    spec: 'OSM API, MeshConfig v1alpha2: spec.traffic.enableEgress is boolean',
    features: ['egress', 'switch-validation'],
  },
  async () => {
    await mesh.refusesInvalid('egress');
  },
);

claim(
  {
    id: 'egress/on-opens',
    title: 'with egress on, HTTP and TCP reach external hosts, by name and by address',
    spec: 'OSM guide, Egress: enabling it lets external traffic pass',
    features: ['egress'],
    starts: { egress: false },
    ends: { egress: true },
  },
  async () => {
    await given.refused(...byName, ...byAddress);

    await mesh.egress(true);

    await expect.answered(...byName, ...byAddress);
  },
);

claim(
  {
    id: 'egress/bare-addresses',
    title: 'egress decides about external addresses that are no Service, too',
    spec: 'OSM guide, Egress: enabling it lets traffic to external hosts pass, disabling it does not',
    features: ['egress'],
    starts: { egress: true },
    ends: { egress: false },
  },
  async () => {
    const byPod = [
      curl.gets(egressTargetHttp.pod),
      curl.sends(egressTargetTcp.pod),
      curl.sends(egressTargetTcp.pod, 9001),
    ];
    await expect.answered(...byPod, curl.sends(egressTargetTcp, 9001));

    await mesh.egress(false);

    await expect.refused(...byPod, curl.sends(egressTargetTcp, 9001));
  },
);

claim(
  {
    id: 'egress/off-closes',
    title: 'with egress off, HTTP and TCP to external hosts are refused, by name and by address',
    spec: 'OSM guide, Egress: disabling it makes external services unreachable',
    features: ['egress'],
    starts: { egress: true },
    ends: { egress: false },
  },
  async () => {
    await given.answered(...byName, ...byAddress);

    await mesh.egress(false);

    await expect.refused(...byName, ...byAddress);
  },
);

claim(
  {
    id: 'egress/switches',
    title: 'egress can be switched off, on and off at run time: each change acts and stays',
    spec: 'OSM guide, Egress: the setting can be changed after installation',
    features: ['egress'],
    starts: { egress: true },
    ends: { egress: false },
  },
  async () => {
    await given.answered(...byName);

    await mesh.egress(false);
    await expect.refused(...byName);
    await mesh.egress(true);
    await expect.answered(...byName);
    await mesh.egress(false);
    await expect.refused(...byName);
  },
);

claim(
  {
    id: 'egress/on-keeps-policy',
    title: 'with egress on, in-mesh traffic without a policy is still refused',
    spec: 'OSM guide, Egress: in-mesh traffic remains subject to policy',
    features: ['egress', 'permissive', 'http-policy', 'tcp-policy'],
    starts: { permissive: false, egress: false },
    ends: { permissive: false, egress: true },
  },
  async () => {
    await given.refused(...inMesh, ...byName);

    const byPod = [curl.gets(httpbin.pod), curl.sends(tcpEcho.pod)];
    await mesh.egress(true);
    await expect.all({ answered: byName, refused: [...inMesh, ...byPod] });

    await policies({ client: curl, server: httpbin }, { client: curl, server: tcpEcho }).apply();
    await given.answered(...inMesh);
  },
);

claim(
  {
    id: 'egress/off-keeps-allowed',
    title: 'with egress off, in-mesh traffic that a policy allows is still answered',
    spec: 'OSM guide, Egress: in-mesh traffic is untouched by the setting',
    features: ['egress', 'permissive', 'http-policy', 'tcp-policy'],
    starts: { permissive: false, egress: true },
    ends: { permissive: false, egress: false },
  },
  async () => {
    await given.refused(...inMesh);
    await policies({ client: curl, server: httpbin }, { client: curl, server: tcpEcho }).apply();
    await given.answered(...inMesh, ...byName);

    await mesh.egress(false);

    await expect.all({ answered: inMesh, refused: byName });
  },
);

claim(
  {
    id: 'egress/every-client',
    title: 'egress applies to every client of the mesh',
    spec: 'OSM guide, Egress: the setting is global to the mesh',
    features: ['egress'],
    starts: { egress: false },
    ends: { egress: false },
  },
  async () => {
    await given.refused(...everyClient);

    await mesh.egress(true);
    await expect.answered(...everyClient);

    await mesh.egress(false);
    await expect.refused(...everyClient);
  },
);

claim(
  {
    id: 'egress/stays-on',
    title: 'egress stays on while other settings change',
    spec: 'OSM guide, Egress',
    features: ['egress'],
    starts: { egress: true },
    ends: { egress: false },
    stabilityCheck: 'egress',
  },
  async () => {
    await mesh.stayed('egress');

    await mesh.egress(false);

    await given.refused(otherClient.gets(egressTargetHttp), otherClient.sends(egressTargetTcp));
  },
);

claim(
  {
    id: 'egress/stays-off',
    title: 'egress stays off while other settings change',
    spec: 'OSM guide, Egress',
    level: 'extended',
    features: ['egress'],
    starts: { egress: false },
    ends: { egress: true },
    stabilityCheck: 'egress',
  },
  async () => {
    await mesh.stayed('egress');

    await mesh.egress(true);

    await given.answered(otherClient.gets(egressTargetHttp), otherClient.sends(egressTargetTcp));
  },
);

claim(
  {
    id: 'egress/set-at-installation',
    title: 'egress on or off at installation acts from the start',
    spec: 'OSM guide, Egress: osm install --set=osm.enableEgress=…',
    level: 'extended',
    features: ['egress', 'install-modes'],
    ends: { permissive: true, egress: true },
  },
  async () => {
    await mesh.reinstall({ permissive: true, egress: false });
    await expect.refused(...byName);

    await mesh.egress(true);
    await given.answered(...byName);
    await mesh.egress(false);
    await given.refused(...byName);

    await mesh.reinstall({ permissive: true, egress: true });
    await expect.answered(...byName);
  },
);
