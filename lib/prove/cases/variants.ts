import { granting, knownByAnnotation, wording } from '../driver.ts';
import type { Case } from './case.ts';

/** What shows each way of refusing: in the mesh by both protocols, and to the outside. */
const REFUSALS = ['permissive/off-closes', 'tcp-routing/other-port', 'egress/off-closes'];

type Facts = Pick<Case, 'says' | 'fault' | 'driver' | 'sets' | 'because'>;

function right(area: string, name: string, facts: Facts, alongside = REFUSALS, mayFail: string[] = []): Case {
  return { name, kind: 'variant', area, ...facts, alongside, caughtBy: mayFail };
}

/** Right meshes that look different, and must pass every claim. */
export const variantCases: Case[] = [
  right('as it is', 'reference', { says: 'the reference mesh as it is' }),
  right('refusals', 'refuses-by-reset', { says: 'it refuses by a reset', fault: 'refuses-by-reset' }),
  right('refusals', 'refuses-by-fin', { says: 'it refuses by closing the connection', fault: 'refuses-by-fin' }),
  right('refusals', 'refuses-by-403', { says: 'it refuses HTTP by status 403, always', fault: 'refuses-by-403' }),
  right('refusals', 'refuses-by-hanging', { says: 'it refuses by never answering', fault: 'refuses-by-hanging' }, [
    'permissive/off-closes',
  ]),
  right('refusals', 'refuses-the-connection', {
    says: 'it refuses by taking no connection',
    fault: 'refuses-the-connection',
  }),
  right(
    'delays',
    'slow-30-s',
    {
      says: 'changes act after 30 s, as the driver declares',
      sets: ['reference.actAfter=30s'],
      driver: granting('45s', '15s'),
    },
    ['permissive/off-closes'],
  ),
  right('delays', 'stale-for-a-while', {
    says: 'for 1.5 s after a change, half of the connections go by what was before it',
    fault: 'stale-for-a-while',
  }),
  right('delays', 'first-connection-after-a-change-lost', {
    says: 'the first connection after each change is refused',
    fault: 'first-connection-after-a-change-lost',
    because: 'it settles within what the driver declares; the connections lost are counted and reported',
  }),
  right(
    'proxies',
    'half-close-lost',
    { says: 'a connection that its client half-closes is closed', fault: 'half-close-lost' },
    [...REFUSALS, 'tcp-routing/half-close'],
    ['tcp-routing/half-close'],
  ),
  right(
    'proxies',
    'proxy-is-the-first-container',
    { says: 'the proxy is the first container of its pod', fault: 'proxy-is-the-first-container' },
    ['permissive/enrolment', 'tcp-routing/other-port'],
  ),
  right(
    'proxies',
    'proxy-is-an-init-container',
    { says: 'the proxy is a native sidecar: an init container that goes on', fault: 'proxy-is-an-init-container' },
    ['permissive/enrolment', 'tcp-routing/other-port'],
  ),
  right(
    'proxies',
    'proxy-per-node',
    {
      says: 'the proxy is no container of its pods: the node runs it',
      fault: 'proxy-per-node',
      driver: knownByAnnotation,
    },
    ['permissive/enrolment', 'tcp-routing/other-port'],
  ),
  right(
    'APIs',
    'older-smi-versions',
    {
      says: 'it serves TrafficTarget v1alpha2, and TCPRoute and HTTPRouteGroup v1alpha3',
      driver: wording({
        'access.smi-spec.io/v1alpha3': 'access.smi-spec.io/v1alpha2',
        'specs.smi-spec.io/v1alpha4': 'specs.smi-spec.io/v1alpha3',
        '"name":"v1alpha3"': '"name":"v1alpha2"',
        '"name":"v1alpha4"': '"name":"v1alpha3"',
      }),
    },
    ['tcp-routing/other-port', 'permissive/off-obeys-policy'],
  ),
];
