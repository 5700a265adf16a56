import {
  claim,
  curl,
  expect,
  given,
  httpbin,
  mesh,
  namesake,
  outsider,
  policies,
  policy,
  tcpEcho,
  visitor,
} from '../lib/harness.ts';

const request = curl.gets(httpbin);
const hello = curl.says(tcpEcho);

claim(
  {
    id: 'permissive/enrolment',
    says: 'every pod created in an enrolled namespace runs a sidecar, and no other pod does',
    source: 'OSM guide, Permissive Traffic Policy Mode: pods of httpbin and curl are 2/2',
    needs: ['sidecar'],
  },
  async () => {
    await mesh.isEnrolled();
  },
);

claim(
  {
    id: 'permissive/booleans-only',
    says: 'the switch accepts only booleans',
    source: 'OSM API, MeshConfig v1alpha2: spec.traffic.enablePermissiveTrafficPolicyMode is boolean',
    needs: ['permissive', 'switch-validation'],
  },
  async () => {
    await mesh.refusesInvalid('permissive');
  },
);

claim(
  {
    id: 'permissive/on-opens',
    says: 'switched on, HTTP and TCP reach in-mesh Services without any policy',
    source: 'OSM guide, Permissive Traffic Policy Mode: curl -I http://httpbin.httpbin:14001 gives 200 OK',
    needs: ['permissive'],
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
    says: 'switched off, the same HTTP and TCP are refused',
    source: 'OSM guide, Permissive Traffic Policy Mode: without a policy the request fails',
    needs: ['permissive'],
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
    says: 'switched on, policies for somebody else do not restrict, made before or after; switched off, they do',
    source: 'OSM docs, Permissive Mode: SMI policies are not enforced',
    needs: ['permissive', 'http-policy', 'tcp-policy'],
    starts: { permissive: true },
    ends: { permissive: true },
  },
  async () => {
    await given.answered(request, hello);

    await policies({ client: namesake, server: httpbin }, { client: namesake, server: tcpEcho }).apply();
    await expect.answered(request, hello);

    await mesh.permissive(false);
    await expect.all({ answered: [namesake.gets(httpbin), namesake.says(tcpEcho)], refused: [request, hello] });

    // Only now it is known that the mesh had read them: under permissive mode nothing shows it.
    await mesh.permissive(true);
    await expect.answered(request, hello);
  },
);

claim(
  {
    id: 'permissive/off-obeys-policy',
    says: 'switched off, a client that a policy names is let in, and another still is not',
    source: 'SMI traffic-access v1alpha3: access is denied by default, and granted by identity',
    needs: ['permissive', 'http-policy'],
    starts: { permissive: false },
  },
  async () => {
    const admission = policy({ client: curl, server: httpbin });
    await given.refused(request, visitor.gets(httpbin));

    await admission.apply();
    await expect.all({ answered: [request], refused: [visitor.gets(httpbin), hello] });

    await admission.delete();
    await expect.refused(request);
    await given.refused(visitor.gets(httpbin));

    await policy({ client: curl, server: tcpEcho }).apply();
    await given.answered(hello);
  },
);

claim(
  {
    id: 'permissive/switches',
    says: 'on, off, on and off again: each change acts and stays',
    source: 'OSM guide, Permissive Traffic Policy Mode; osm#3775 and #3778: stale routes after a switch',
    needs: ['permissive'],
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
    id: 'permissive/outsider',
    says: 'a client outside the mesh is refused in both modes',
    source: 'OSM docs, Certificates: traffic between services of the mesh is mutual TLS',
    needs: ['permissive', 'strict-mtls'],
    starts: { permissive: true },
    ends: { permissive: false },
  },
  async () => {
    const fromOutside = [outsider.gets(httpbin), outsider.says(tcpEcho)];
    await expect.all({ answered: [request, hello], refused: fromOutside });

    await mesh.permissive(false);

    await expect.refused(request, hello, ...fromOutside);
  },
);

claim(
  {
    id: 'permissive/stays-on',
    says: 'switched on, it stays on through everything else that changes',
    source: 'OSM guide, Permissive Traffic Policy Mode',
    level: 'extended',
    needs: ['permissive'],
    starts: { permissive: true },
    ends: { permissive: false },
    vigil: 'permissive',
  },
  async () => {
    await mesh.stayed('permissive');

    await mesh.permissive(false);

    await given.refused(visitor.gets(httpbin), visitor.says(tcpEcho));
  },
);

claim(
  {
    id: 'permissive/stays-off',
    says: 'switched off, it stays off through everything else that changes',
    source: 'OSM guide, Permissive Traffic Policy Mode',
    needs: ['permissive'],
    starts: { permissive: false },
    ends: { permissive: true },
    vigil: 'permissive',
  },
  async () => {
    await mesh.stayed('permissive');

    await mesh.permissive(true);

    await given.answered(visitor.gets(httpbin), visitor.says(tcpEcho));
  },
);
