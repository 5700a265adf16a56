/** The sandbox's own process, inside its namespaces: node, API server and control planes. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type ApiServer, createApiServer } from './api/server.ts';
import { environmentFault } from './faults/environment.ts';
import { MeshPlane } from './mesh/control-plane.ts';
import { prepareNode } from './node/node.ts';
import { keepHeapSmall } from './node-process.ts';
import { createAuthority } from './pki.ts';
import type { SandboxSettings } from './start.ts';

keepHeapSmall();

// Ends with its owner. The first process of the namespaces waits for this one, and ends everything.
process.on('disconnect', () => process.exit(0));

const [settings, socket] = (await once(process, 'message')) as [SandboxSettings, Server];
const { port } = socket.address() as AddressInfo;
const complain = (message: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`);
};
const programs = fileURLToPath(new URL('./programs', import.meta.url));

const authority = await createAuthority('meshproof sandbox');
const mesh = new MeshPlane({ view: () => server.view, authority, fault: settings.fault, complain });
const replaced = environmentFault(settings.fault, () => server.view, complain);
const { losesQuery } = replaced;
const node = await prepareNode({ view: () => server.view, settings, programs, mesh, complain, losesQuery });
const token = randomBytes(24).toString('base64url');
const { keyPem: key, certPem: cert } = await authority.issue({
  commonName: 'kubernetes',
  dnsNames: ['localhost', 'kubernetes.default.svc'],
  ips: ['127.0.0.1'],
});
const server: ApiServer = await createApiServer({
  kubelet: replaced.kubelet?.(node.kubelet) ?? node.kubelet,
  tls: { key, cert, ca: authority.certificatePem },
  token,
  listen: { socket },
  admit: (request) => mesh.admit(request),
  fault: replaced.api,
});
await node.start();

process.send?.(kubeconfigOf(`https://127.0.0.1:${port}`, authority.certificatePem, token));

/** A kubeconfig with one context, named `sandbox`, as JSON, which is YAML too. */
function kubeconfigOf(server: string, authorityPem: string, token: string): string {
  const name = 'sandbox';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server, 'certificate-authority-data': Buffer.from(authorityPem).toString('base64') } },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
