import { redactValue } from '../../words/index.ts';
import type { Driver, DriverSpec } from '../driver.ts';
import { type Filling, fill, fillingFor, partyValues, type Values } from '../template.ts';

const client = { namespace: 'sample-clients', serviceAccount: 'sample-client', app: 'sample-client' };
const server = { namespace: 'sample-servers', serviceAccount: 'sample-server', app: 'sample-server' };

const samples: Values = {
  kubeconfig: 'sample/kubeconfig',
  'cluster.domain': 'sample.domain',
  'modes.permissive': true,
  'modes.egress': true,
  name: 'sample-client-to-sample-server-9000',
  port: 9000,
  'port.text': '9000',
  path: '/sample',
  'pod.namespace': client.namespace,
  'pod.name': 'sample-client-1',
  ...partyValues('client', client),
  ...partyValues('server', server),
};

/** A value for each placeholder that a driver may have, so that its templates can be filled in without a cluster. */
export function sampleFilling(spec: Pick<DriverSpec, 'variables'>, sets: readonly string[] = []): Filling {
  return fillingFor(spec, sets, samples);
}

/** A driver's templates filled in with sample values and the user's `KEY=VALUE` list, under the names of their fields. */
export function renderedDriver({ spec }: Driver, sets: readonly string[]): Record<string, unknown> {
  const { images, podImages, install, uninstall, enrol, host, modes, policy, diagnostics } = spec;
  const { allow } = policy;
  const parts = { images, podImages, install, uninstall, enrol, host, modes, policy: { allow }, diagnostics };
  const present = Object.entries(parts).filter(([, part]) => part !== undefined);
  return redactValue(fill(Object.fromEntries(present), sampleFilling(spec, sets)));
}
