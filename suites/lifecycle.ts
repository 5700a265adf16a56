import { claim, curl, expect, given, mesh, otherClient, policy, replacePod, tcpEcho } from '../lib/harness.ts';

const hello = curl.sends(tcpEcho);
const fromOther = otherClient.sends(tcpEcho);

claim(
  {
    id: 'lifecycle/new-client-pod',
    title: 'a policy lets in the pod that takes the place of its client',
    spec: 'SMI traffic-access v1alpha3: identity is the ServiceAccount, whatever pod has it',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await policy({ client: curl, server: tcpEcho }).apply();
    await given.answered(hello);

    await replacePod(curl);

    await expect.all({ answered: [hello], refused: [fromOther] });
  },
);

claim(
  {
    id: 'lifecycle/new-server-pod',
    title: 'the pod that takes the place of a server answers whom the policy names, and never lets in another',
    spec: 'SMI traffic-access v1alpha3: a destination is the pods of a ServiceAccount; access is denied by default',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await policy({ client: curl, server: tcpEcho }).apply();
    await given.answered(hello);
    await given.refused(fromOther);

    await replacePod(tcpEcho);

    await expect.all({ answered: [hello], refused: [fromOther] });
  },
);

claim(
  {
    id: 'lifecycle/control-plane-restart',
    title: 'a restart of the control plane changes nothing for those that are let in, and for those that are not',
    spec: 'every guide: policies and modes are in force until they are changed',
    level: 'extended',
    features: ['permissive', 'tcp-policy'],
    starts: { permissive: false },
  },
  async () => {
    await policy({ client: curl, server: tcpEcho }).apply();
    await given.answered(hello);
    await given.refused(fromOther);

    await mesh.restartControlPlane();

    await expect.all({ answered: [hello], refused: [fromOther] });
  },
);

claim(
  {
    id: 'lifecycle/stable',
    title: 'nothing of the mesh crashed during the run',
    spec: 'every guide: the mesh is up while it is used',
    features: [],
    last: true,
  },
  async () => {
    await mesh.isStable();
  },
);
