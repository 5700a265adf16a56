import {
  claim,
  connection,
  curl,
  expect,
  given,
  httpbin,
  mesh,
  neighbour,
  otherClient,
  policies,
  policy,
  sameNameClient,
  tcpEcho,
} from '../lib/harness.ts';

const hello = curl.sends(tcpEcho);

claim(
  {
    id: 'tcp-routing/permissive-echo',
    title: 'in permissive mode tcp-echo answers',
    spec: 'OSM guide, TCP Traffic Routing: echo response in permissive mode',
    features: ['permissive'],
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
    title: 'in SMI mode, without a policy, the connection is refused',
    spec: 'OSM guide, TCP Traffic Routing: no echo without a policy',
    features: ['permissive'],
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
    title: 'a TrafficTarget with a TCPRoute for port 9000 lets curl reach tcp-echo until it is deleted',
    spec: 'OSM guide, TCP Traffic Routing; SMI traffic-specs v1alpha4, TCPRoute',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    const allowRule = policy({ client: curl, server: tcpEcho });
    await given.refused(hello);

    await allowRule.apply();
    await expect.answered(hello);

    await allowRule.delete();
    await expect.refused(hello);
  },
);

claim(
  {
    id: 'tcp-routing/other-account',
    title: 'a client with another ServiceAccount is refused while the named one is answered',
    spec: 'SMI traffic-access v1alpha3: identity is the ServiceAccount',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, otherClient.sends(tcpEcho));

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: [otherClient.sends(tcpEcho)] });
  },
);

claim(
  {
    id: 'tcp-routing/other-namespace',
    title: 'an account with the same name in another namespace is refused',
    spec: 'SMI traffic-access v1alpha3: a source is a ServiceAccount in a namespace',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, sameNameClient.sends(tcpEcho));

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: [sameNameClient.sends(tcpEcho)] });
  },
);

claim(
  {
    id: 'tcp-routing/other-port',
    title: 'a port that the TCPRoute does not list is refused, although the server listens on it',
    spec: 'SMI traffic-specs v1alpha4, TCPRoute: only the listed ports match',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, curl.sends(tcpEcho, 9001));

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: [curl.sends(tcpEcho, 9001)] });
  },
);

claim(
  {
    id: 'tcp-routing/every-port',
    title: 'a TCPRoute with two ports lets the client reach both',
    spec: 'SMI traffic-specs v1alpha4, TCPRoute: matches.ports is a list, and each port of it matches',
    features: ['permissive', 'tcp-policy', 'several-ports'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, curl.sends(tcpEcho, 9001));

    await policy({ client: curl, server: tcpEcho, ports: [9000, 9001] }).apply();

    await expect.answered(hello, curl.sends(tcpEcho, 9001));
  },
);

claim(
  {
    id: 'tcp-routing/every-source',
    title: 'a TrafficTarget with two sources in two namespaces lets in both, and nobody else',
    spec: 'SMI traffic-access v1alpha3: sources is a list, and each ServiceAccount of it is granted access',
    features: ['permissive', 'tcp-policy', 'several-clients'],
    starts: { permissive: false },
  },
  async () => {
    const clients = [curl, sameNameClient];
    await given.refused(...clients.map((client) => client.sends(tcpEcho)), otherClient.sends(tcpEcho));

    await policy({ client: clients, server: tcpEcho }).apply();

    await expect.all({
      answered: clients.map((client) => client.sends(tcpEcho)),
      refused: [otherClient.sends(tcpEcho)],
    });
  },
);

claim(
  {
    id: 'tcp-routing/several-policies',
    title: 'two policies for the same client and server act together, and each ends by itself',
    spec: 'SMI traffic-access v1alpha3: access is the union of what all TrafficTargets grant',
    features: ['permissive', 'tcp-policy', 'additive-policies'],
    starts: { permissive: false },
  },
  async () => {
    const onOtherPort = curl.sends(tcpEcho, 9001);
    const first = policy({ client: curl, server: tcpEcho });
    await given.refused(hello, onOtherPort);

    await first.apply();
    await policy({ client: curl, server: tcpEcho, ports: [9001] }).apply();
    await expect.answered(hello, onOtherPort);

    await first.delete();
    await expect.all({ answered: [onOtherPort], refused: [hello] });
  },
);

claim(
  {
    id: 'tcp-routing/policies-apart',
    title: 'policies for two clients of one server open to each client only its own port',
    spec: 'SMI traffic-access v1alpha3: a TrafficTarget grants its sources what its rules name',
    features: ['permissive', 'tcp-policy', 'additive-policies'],
    starts: { permissive: false },
  },
  async () => {
    const own = [hello, sameNameClient.sends(tcpEcho, 9001)];
    const others = [curl.sends(tcpEcho, 9001), sameNameClient.sends(tcpEcho)];
    await given.refused(...own, ...others);

    await policies(
      { client: curl, server: tcpEcho },
      { client: sameNameClient, server: tcpEcho, ports: [9001] },
    ).apply();

    await expect.all({ answered: own, refused: others });
  },
);

claim(
  {
    id: 'tcp-routing/policy-stays',
    title: 'a policy goes on letting in the client that it names, and nobody else',
    spec: 'SMI traffic-access v1alpha3: a TrafficTarget grants access as long as it exists',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, otherClient.sends(tcpEcho));

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.stable({ answered: [hello], refused: [otherClient.sends(tcpEcho)] });
  },
);

claim(
  {
    id: 'tcp-routing/deleted-stays-deleted',
    title: 'a deleted policy never acts again, also when another policy for the server is made',
    spec: 'OSM guide, TCP Traffic Routing: deleting the policy denies again',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    const allowRule = policy({ client: curl, server: tcpEcho });
    await allowRule.apply();
    await given.answered(hello);

    await allowRule.delete();
    await expect.refused(hello);

    await policy({ client: sameNameClient, server: tcpEcho }).apply();
    await expect.stable({ answered: [sameNameClient.sends(tcpEcho)], refused: [hello] });
  },
);

claim(
  {
    id: 'tcp-routing/edited-port',
    title: 'a policy that is edited in place opens the ports that it names now, and no others',
    spec: 'SMI traffic-specs v1alpha4, TCPRoute; Kubernetes API conventions: controllers act on the present spec',
    features: ['permissive', 'tcp-policy', 'several-ports'],
    starts: { permissive: false },
  },
  async () => {
    const onOtherPort = curl.sends(tcpEcho, 9001);
    const allowRule = policy({ client: curl, server: tcpEcho });
    await allowRule.apply();
    await given.answered(hello);
    await given.refused(onOtherPort);

    await allowRule.edit({ client: curl, server: tcpEcho, ports: [9001] });
    await expect.all({ answered: [onOtherPort], refused: [hello] });

    await allowRule.edit({ client: curl, server: tcpEcho, ports: [9001, 9000] });
    await expect.answered(onOtherPort, hello);
  },
);

claim(
  {
    id: 'tcp-routing/edited-source',
    title: 'a policy that is edited in place lets in the client that it names now, and not the former one',
    spec: 'SMI traffic-access v1alpha3; Kubernetes API conventions: controllers act on the present spec',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    const fromOther = sameNameClient.sends(tcpEcho);
    const allowRule = policy({ client: curl, server: tcpEcho });
    await allowRule.apply();
    await given.answered(hello);
    await given.refused(fromOther);

    await allowRule.edit({ client: sameNameClient, server: tcpEcho });

    await expect.all({ answered: [fromOther], refused: [hello] });
  },
);

claim(
  {
    id: 'tcp-routing/by-pod-address',
    title: "a client that no policy names is refused by the pod's address, too",
    spec: 'SMI traffic-access v1alpha3: access is denied by default; the destination is a group of pods, not a Service',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    const ways = [otherClient.sends(tcpEcho.pod), neighbour.sends(tcpEcho.pod)];
    await given.refused(hello, ...ways);

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: ways });
  },
);

claim(
  {
    id: 'tcp-routing/other-services',
    title: 'a client that no policy names is refused by every Service of the pods, headless ones included',
    spec: 'SMI traffic-access v1alpha3: access is denied by default; the destination is a group of pods, not a Service',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    const ways = tcpEcho.services.map((service) => otherClient.sends(service));
    await given.refused(hello);
    await tcpEcho.expose();

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: ways });
  },
);

claim(
  {
    id: 'tcp-routing/every-service',
    title: 'a client that a policy names is answered by every Service of the pods, headless ones included',
    spec: 'SMI traffic-access v1alpha3: the destination is a ServiceAccount, so the pods that have it, whatever leads to them',
    level: 'extended',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    const ways = tcpEcho.services.map((service) => curl.sends(service));
    await given.refused(hello);
    await tcpEcho.expose();

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.answered(hello, ...ways);
  },
);

claim(
  {
    id: 'tcp-routing/own-namespace',
    title: "a client in the server's own namespace is refused, with the namespace's ServiceAccount `default`",
    spec: 'SMI traffic-access v1alpha3: access is denied by default, and granted by ServiceAccount',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello, neighbour.sends(tcpEcho));

    await policy({ client: curl, server: tcpEcho }).apply();

    await expect.all({ answered: [hello], refused: [neighbour.sends(tcpEcho)] });
  },
);

claim(
  {
    id: 'tcp-routing/server-as-client',
    title: 'a server of the mesh is a client like any other: refused without a policy, answered with one',
    spec: 'SMI traffic-access v1alpha3: sources are ServiceAccounts, whatever their pods serve',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    const fromServer = httpbin.asClient.sends(tcpEcho);
    const allowRule = policy({ client: curl, server: tcpEcho });
    await given.refused(hello, fromServer);

    await allowRule.apply();
    await expect.all({ answered: [hello], refused: [fromServer] });

    await allowRule.edit({ client: httpbin.asClient, server: tcpEcho });
    await expect.all({ answered: [fromServer], refused: [hello] });
  },
);

claim(
  {
    id: 'tcp-routing/target-before-route',
    title: 'a TrafficTarget made before its TCPRoute acts once both exist, not earlier',
    spec: 'SMI traffic-access v1alpha3: a target refers to its rules by name',
    features: ['permissive', 'tcp-policy', 'http-policy', 'route-objects'],
    starts: { permissive: false },
  },
  async () => {
    const allowRule = policy({ client: curl, server: tcpEcho });
    await given.refused(hello);

    await allowRule.target.apply();
    // The later change acts, so the mesh has seen the target too.
    await policy({ client: curl, server: httpbin }).apply();
    await expect.all({ answered: [curl.gets(httpbin)], refused: [hello] });

    await allowRule.route.apply();
    await expect.answered(hello);
  },
);

claim(
  {
    id: 'tcp-routing/target-deleted',
    title: 'after the TrafficTarget is deleted, the connection is refused again',
    spec: 'OSM guide, TCP Traffic Routing: deleting the policy denies again',
    features: ['permissive', 'tcp-policy', 'route-objects'],
    starts: { permissive: false },
  },
  async () => {
    const allowRule = policy({ client: curl, server: tcpEcho });
    await allowRule.apply();
    await given.answered(hello);
    const established = connection(hello);
    await established.open();

    await allowRule.target.delete();

    await expect.refused(hello);
    await established.finish();
  },
);

claim(
  {
    id: 'tcp-routing/route-deleted',
    title: 'after only the TCPRoute is deleted, the connection is refused again',
    spec: 'SMI traffic-access v1alpha3: a target without a rule allows nothing',
    features: ['permissive', 'tcp-policy', 'route-objects'],
    starts: { permissive: false },
  },
  async () => {
    const allowRule = policy({ client: curl, server: tcpEcho });
    await allowRule.apply();
    await given.answered(hello);

    await allowRule.route.delete();

    await expect.refused(hello);
  },
);

claim(
  {
    id: 'tcp-routing/half-close',
    title: "the guide's command, which closes its half of the connection at once, prints the echo",
    spec: 'OSM guide, TCP Traffic Routing: echo hello | nc tcp-echo.tcp-demo 9000; RFC 9293, section 3.6',
    level: 'extended',
    features: ['permissive', 'tcp-policy', 'half-close'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(hello);

    await policy({ client: curl, server: tcpEcho }).apply();
    await given.answered(hello);

    await expect.answered(curl.pipes(tcpEcho));
  },
);
