import {
  claim,
  curl,
  expect,
  given,
  httpbin,
  mesh,
  otherClient,
  policies,
  policy,
  sameNameClient,
  tcpEcho,
  unmeshedClient,
} from '../lib/harness.ts';

const request = curl.gets(httpbin);
const hello = curl.sends(tcpEcho);

claim(
  {
    id: 'permissive/enrolment',
    title: 'every pod created in an enrolled namespace runs a sidecar, and no other pod does',
    spec: 'OSM guide, Permissive Traffic Policy Mode: pods of httpbin and curl are 2/2',
    features: ['sidecar'],
  },
  async () => {
    await mesh.isEnrolled();
  },
);

claim(
  {
    id: 'permissive/booleans-only',
    title: 'the permissive switch accepts only booleans',
    spec: 'OSM API, MeshConfig v1alpha2: spec.traffic.enablePermissiveTrafficPolicyMode is boolean',
    features: ['permissive', 'switch-validation'],
  },
  async () => {
    await mesh.refusesInvalid('permissive');
  },
);

claim(
  {
    id: 'permissive/on-opens',
    title: 'with permissive mode on, HTTP and TCP reach in-mesh Services without a policy',
    spec: 'OSM guide, Permissive Traffic Policy Mode: curl -I http://httpbin.httpbin:14001 gives 200 OK',
    features: ['permissive'],
    starts: { permissive: false },
    ends: { permissive: true },
  },
  async () => {
    await given.refused(request, hello);

    await mesh.permissive(true);

    await expect.answered(request, curl.heads(httpbin), hello);
  },
);

claim(
  {
    id: 'permissive/off-closes',
    title: 'with permissive mode off, the same HTTP and TCP requests are refused',
    spec: 'OSM guide, Permissive Traffic Policy Mode: without a policy the request fails',
    features: ['permissive'],
    starts: { permissive: true },
    ends: { permissive: false },
  },
  async () => {
    await given.answered(request, hello);

    await mesh.permissive(false);

    await expect.refused(request, hello);
  },
);

claim(
  {
    id: 'permissive/on-ignores-policies',
    title:
      'with permissive mode on, policies for other clients restrict no client, whenever they were made; with it off, they do',
    spec: 'OSM docs, Permissive Mode: SMI policies are not enforced',
    features: ['permissive', 'http-policy', 'tcp-policy'],
    starts: { permissive: true },
    ends: { permissive: true },
  },
  async () => {
    await given.answered(request, hello);

    await policies({ client: sameNameClient, server: httpbin }, { client: sameNameClient, server: tcpEcho }).apply();
    await expect.answered(request, hello);

    await mesh.permissive(false);
    await expect.all({
      answered: [sameNameClient.gets(httpbin), sameNameClient.sends(tcpEcho)],
      refused: [request, hello],
    });

    // Only this shows that the mesh has read them: in permissive mode nothing does.
    await mesh.permissive(true);
    await expect.answered(request, hello);
  },
);

claim(
  {
    id: 'permissive/keeps-policies',
    title: 'with permissive mode off again, the policies that there are now act, and those deleted meanwhile do not',
    spec: 'OSM docs, Permissive Mode: SMI policies are not enforced while it is on, and decide while it is off',
    features: ['permissive', 'http-policy', 'tcp-policy'],
    starts: { permissive: false },
    ends: { permissive: false },
  },
  async () => {
    const tcp = policy({ client: curl, server: tcpEcho });
    await tcp.apply();
    await policy({ client: curl, server: httpbin }).apply();
    await given.answered(request, hello);

    await mesh.permissive(true);
    await given.answered(request, hello, sameNameClient.sends(tcpEcho));
    await tcp.delete();
    await expect.answered(request, hello);
    await mesh.permissive(false);

    await expect.all({ answered: [request], refused: [hello] });
  },
);

claim(
  {
    id: 'permissive/off-obeys-policy',
    title: 'with permissive mode off, the client that a policy names is answered, and another is refused',
    spec: 'SMI traffic-access v1alpha3: access is denied by default, and granted by identity',
    features: ['permissive', 'http-policy'],
    starts: { permissive: false },
  },
  async () => {
    const allowRule = policy({ client: curl, server: httpbin });
    await given.refused(request, otherClient.gets(httpbin));

    await allowRule.apply();
    await expect.all({ answered: [request], refused: [otherClient.gets(httpbin), hello] });

    await allowRule.delete();
    await expect.refused(request);
    await given.refused(otherClient.gets(httpbin));

    await policy({ client: curl, server: tcpEcho }).apply();
    await given.answered(hello);
  },
);

claim(
  {
    id: 'permissive/switches',
    title: 'permissive mode can be switched on and off repeatedly: each change acts and stays',
    spec: 'OSM guide, Permissive Traffic Policy Mode; osm#3775 and #3778: stale routes after a switch',
    features: ['permissive'],
    starts: { permissive: false },
    ends: { permissive: false },
  },
  async () => {
    await given.refused(request, hello);

    await mesh.permissive(true);
    await expect.answered(request, hello);
    await mesh.permissive(false);
    await expect.refused(request, hello);

    await mesh.permissive(true);
    await expect.answered(request, hello);
    await mesh.permissive(false);
    await expect.refused(request, hello);
  },
);

claim(
  {
    id: 'permissive/unmeshed-client',
    title: 'a client outside the mesh is refused in both modes',
    spec: 'OSM docs, Certificates: traffic between services of the mesh is mutual TLS',
    features: ['permissive', 'strict-mtls'],
    starts: { permissive: true },
    ends: { permissive: false },
  },
  async () => {
    const fromUnmeshed = [unmeshedClient.gets(httpbin), unmeshedClient.sends(tcpEcho)];
    await expect.all({ answered: [request, hello], refused: fromUnmeshed });

    await mesh.permissive(false);

    await expect.refused(request, hello, ...fromUnmeshed);
  },
);

claim(
  {
    id: 'permissive/stays-on',
    title: 'permissive mode stays on while other settings change',
    spec: 'OSM guide, Permissive Traffic Policy Mode',
    level: 'extended',
    features: ['permissive'],
    starts: { permissive: true },
    ends: { permissive: false },
    stabilityCheck: 'permissive',
  },
  async () => {
    await mesh.stayed('permissive');

    await mesh.permissive(false);

    await given.refused(otherClient.gets(httpbin), otherClient.sends(tcpEcho));
  },
);

claim(
  {
    id: 'permissive/stays-off',
    title: 'permissive mode stays off while other settings change',
    spec: 'OSM guide, Permissive Traffic Policy Mode',
    features: ['permissive'],
    starts: { permissive: false },
    ends: { permissive: true },
    stabilityCheck: 'permissive',
  },
  async () => {
    await mesh.stayed('permissive');

    await mesh.permissive(true);

    await given.answered(otherClient.gets(httpbin), otherClient.sends(tcpEcho));
  },
);
