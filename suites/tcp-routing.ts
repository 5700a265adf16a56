import {
  claim,
  connection,
  curl,
  expect,
  given,
  httpbin,
  mesh,
  namesake,
  policy,
  tcpEcho,
  visitor,
} from '../lib/harness.ts';

const hello = curl.says(tcpEcho);

claim(
  {
    id: 'tcp-routing/permissive-echo',
    says: 'in permissive mode tcp-echo answers',
    source: 'OSM guide, TCP Traffic Routing: echo response in permissive mode',
    needs: ['permissive'],
    starts: { permissive: false },
    ends: { permissive: true },
  },
  async () => {
    await given.refused(hello);

    await mesh.permissive(true);

    await expect.answered(hello);
  },
);

claim(
  {
    id: 'tcp-routing/no-policy',
    says: 'in SMI mode, without a policy, the connection is refused',
    source: 'OSM guide, TCP Traffic Routing: no echo without a policy',
    needs: ['permissive'],
    starts: { permissive: true },
    ends: { permissive: false },
  },
  async () => {
    await given.answered(hello);

    await mesh.permissive(false);

    await expect.refused(hello);
  },
);

claim(
  {
    id: 'tcp-routing/allowed-port',
    says: 'a TrafficTarget with a TCPRoute for port 9000 lets curl reach tcp-echo, and its deletion ends that',
    source: 'OSM guide, TCP Traffic Routing; SMI traffic-specs v1alpha4, TCPRoute',
    needs: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    const admission = policy({ client: curl, server: tcpEcho });
    await given.refused(hello);

    await admission.apply();
    await expect.answered(hello);

    await admission.delete();
    await expect.refused(hello);
  },
);

claim(
  {
    id: 'tcp-routing/other-account',
    says: 'a client with another ServiceAccount is refused while the one that is named is answered',
    source: 'SMI traffic-access v1alpha3: identity is the ServiceAccount',
    needs: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, visitor.says(tcpEcho));

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: [visitor.says(tcpEcho)] });
  },
);

claim(
  {
    id: 'tcp-routing/other-namespace',
    says: 'an account of the same name in another namespace is refused',
    source: 'SMI traffic-access v1alpha3: a source is a ServiceAccount in a namespace',
    needs: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, namesake.says(tcpEcho));

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: [namesake.says(tcpEcho)] });
  },
);

claim(
  {
    id: 'tcp-routing/other-port',
    says: 'a port that the TCPRoute does not list is refused, although the server listens on it',
    source: 'SMI traffic-specs v1alpha4, TCPRoute: only the listed ports match',
    needs: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, curl.says(tcpEcho, 9001));

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: [curl.says(tcpEcho, 9001)] });
  },
);

claim(
  {
    id: 'tcp-routing/target-before-route',
    says: 'a TrafficTarget made before its TCPRoute works once both exist, and not earlier',
    source: 'SMI traffic-access v1alpha3: a target refers to its rules by name',
    needs: ['permissive', 'tcp-policy', 'http-policy', 'route-objects'],
    starts: { permissive: false },
  },
  async () => {
    const admission = policy({ client: curl, server: tcpEcho });
    await given.refused(hello);

    await admission.target.apply();
    // What was changed after the target acts: so the target has been seen too.
    await policy({ client: curl, server: httpbin }).apply();
    await expect.all({ answered: [curl.gets(httpbin)], refused: [hello] });

    await admission.route.apply();
    await expect.answered(hello);
  },
);

claim(
  {
    id: 'tcp-routing/target-deleted',
    says: 'deleting the TrafficTarget refuses again',
    source: 'OSM guide, TCP Traffic Routing: deleting the policy denies again',
    needs: ['permissive', 'tcp-policy', 'route-objects'],
    starts: { permissive: false },
  },
  async () => {
    const admission = policy({ client: curl, server: tcpEcho });
    await admission.apply();
    await given.answered(hello);
    const established = connection(hello);
    await established.open();

    await admission.target.delete();

    await expect.refused(hello);
    await established.finish();
  },
);

claim(
  {
    id: 'tcp-routing/route-deleted',
    says: 'deleting only the TCPRoute refuses again',
    source: 'SMI traffic-access v1alpha3: a target without a rule allows nothing',
    needs: ['permissive', 'tcp-policy', 'route-objects'],
    starts: { permissive: false },
  },
  async () => {
    const admission = policy({ client: curl, server: tcpEcho });
    await admission.apply();
    await given.answered(hello);

    await admission.route.delete();

    await expect.refused(hello);
  },
);

claim(
  {
    id: 'tcp-routing/half-close',
    says: "the guide's own command, which closes its half of the connection at once, prints the echo",
    source: 'OSM guide, TCP Traffic Routing: echo hello | nc tcp-echo.tcp-demo 9000; RFC 9293, section 3.6',
    level: 'extended',
    needs: ['permissive', 'tcp-policy', 'half-close'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello);

    await policy({ client: curl, server: tcpEcho }).apply();
    await given.answered(hello);

    await expect.answered(curl.pipes(tcpEcho));
  },
);
