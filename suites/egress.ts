import {
  claim,
  curl,
  expect,
  given,
  httpbin,
  mesh,
  namesake,
  outsideHttp,
  outsideTcp,
  policies,
  tcpEcho,
  visitor,
} from '../lib/harness.ts';

const byName = [curl.gets(outsideHttp), curl.says(outsideTcp)];
const byAddress = [curl.gets(outsideHttp.address), curl.says(outsideTcp.address)];
const inMesh = [curl.gets(httpbin), curl.says(tcpEcho)];
const everyClient = [curl, visitor, namesake].map((client) => client.gets(outsideHttp));

claim(
  {
    id: 'egress/booleans-only',
    says: 'the switch accepts only booleans',
    source: 'OSM API, MeshConfig v1alpha2: spec.traffic.enableEgress is boolean',
    needs: ['egress', 'switch-validation'],
  },
  async () => {
    await mesh.refusesInvalid('egress');
  },
);

claim(
  {
    id: 'egress/on-opens',
    says: 'switched on, HTTP and TCP reach the outside, by name and by address',
    source: 'OSM guide, Egress: enabling it lets external traffic pass',
    needs: ['egress'],
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
    id: 'egress/off-closes',
    says: 'switched off, both are refused, by name and by address',
    source: 'OSM guide, Egress: disabling it makes external services unreachable',
    needs: ['egress'],
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
    says: 'off, on and off again at run time: each change acts and stays',
    source: 'OSM guide, Egress: the setting can be changed after installation',
    needs: ['egress'],
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
    says: 'switched on, it does not open in-mesh traffic that policy refuses',
    source: 'OSM guide, Egress: in-mesh traffic remains subject to policy',
    needs: ['egress', 'permissive', 'http-policy', 'tcp-policy'],
    starts: { permissive: false, egress: false },
    ends: { permissive: false, egress: true },
  },
  async () => {
    await given.refused(...inMesh, ...byName);

    await mesh.egress(true);
    await expect.all({ answered: byName, refused: inMesh });

    await policies({ client: curl, server: httpbin }, { client: curl, server: tcpEcho }).apply();
    await given.answered(...inMesh);
  },
);

claim(
  {
    id: 'egress/off-keeps-allowed',
    says: 'switched off, it does not close in-mesh traffic that policy allows',
    source: 'OSM guide, Egress: in-mesh traffic is untouched by the setting',
    needs: ['egress', 'permissive', 'http-policy', 'tcp-policy'],
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
    says: 'it holds for every client of the mesh, not for one',
    source: 'OSM guide, Egress: the setting is global to the mesh',
    needs: ['egress'],
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
    says: 'switched on, it stays on through everything else that changes',
    source: 'OSM guide, Egress',
    needs: ['egress'],
    starts: { egress: true },
    ends: { egress: false },
    vigil: 'egress',
  },
  async () => {
    await mesh.stayed('egress');

    await mesh.egress(false);

    await given.refused(visitor.gets(outsideHttp), visitor.says(outsideTcp));
  },
);

claim(
  {
    id: 'egress/stays-off',
    says: 'switched off, it stays off through everything else that changes',
    source: 'OSM guide, Egress',
    level: 'extended',
    needs: ['egress'],
    starts: { egress: false },
    ends: { egress: true },
    vigil: 'egress',
  },
  async () => {
    await mesh.stayed('egress');

    await mesh.egress(true);

    await given.answered(visitor.gets(outsideHttp), visitor.says(outsideTcp));
  },
);

claim(
  {
    id: 'egress/set-at-installation',
    says: 'set at installation, either value acts from the start',
    source: 'OSM guide, Egress: osm install --set=osm.enableEgress=…',
    level: 'extended',
    needs: ['egress', 'install-modes'],
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
