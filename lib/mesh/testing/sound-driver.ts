import { UsageError } from '../../words/index.ts';
import { checkDriver } from '../checks/check.ts';

/** A whole driver, line by line, so that a mistake can be put into any of them. */
export const sound = `apiVersion: meshproof/v1alpha1
kind: MeshDriver
name: example
implementation: { project: Example, version: v1 }
verified: false
features:
  supported: [permissive, tcp-policy]
  unsupported: { egress: the mesh has no such switch }
controlPlane:
  namespace: mesh
  deployments: [controller]
images: ['{{set.registry|example}}/proxy:v1']
install:
  - run: [mesh, install, '{{sets}}', '--mode={{modes.permissive}}']
    within: 5m
  - wait: { exists: &config { apiVersion: example.io/v1, kind: Config, name: config } }
    within: 30s
uninstall: []
external: [address]
modes:
  permissive:
    effect: hot
    on: [{ patch: *config, merge: { open: true } }]
    off: [{ patch: *config, merge: { open: false } }]
    converges: 15s
    settles: 5s
policy:
  converges: 15s
  settles: 5s
  allow:
    tcp:
      target:
        - apiVersion: example.io/v1
          kind: Allow
          metadata: { name: '{{name}}', namespace: '{{server.namespace}}' }
          port: '{{port}}'
          from: '{{client.namespace}}/{{client.serviceAccount}}'
diagnostics:
  pod: [{ file: 'dump-{{pod.name}}', run: [mesh, dump, '{{pod.name}}'] }]
`;

/** The message about the sound driver with `from` replaced by `to`, for tests. */
export function complaint(from: string, to: string): string {
  if (!sound.includes(from)) throw new Error(`the sound driver has no ${from}`);
  return complaintOf(sound.replace(from, to));
}

/** The message about a text that is no sound driver. */
export function complaintOf(text: string): string {
  try {
    checkDriver(text, 'x.yaml');
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('the driver was accepted');
}
