import { FIXTURE_IMAGES } from '../../fixtures/table.ts';
import type { Manifest } from '../contract.ts';
import { SIDECAR_NAME } from '../mesh/admission.ts';
import type { InboundRule } from '../mesh/sidecar-config.ts';
import type { Workload } from '../mesh/state.ts';
import { TRANSPARENT_PROXY } from '../node/pod-spec.ts';
import { changingFor, inArea } from './fault.ts';

/** How long a replaced pod stays open, ms. */
const OPEN_MS = 15_000;

/** Faulty meshes that have too few pods, or too many. */
export const enrolmentFaults = inArea('enrolment', {
  'no-sidecar': {
    description: 'pods of an enrolled namespace get no sidecar',
    caughtBy: ['permissive/enrolment', 'permissive/off-closes'],
    control: () => ({ admit: (admitted, { object }) => (admitted.kind === 'Pod' ? object : admitted) }),
  },
  'sidecar-bypassed': {
    description: 'pods get a sidecar, but their traffic bypasses it',
    caughtBy: ['permissive/unmeshed-client', 'permissive/off-closes'],
    control: () => ({
      admit: (admitted) => {
        const { [TRANSPARENT_PROXY]: _, ...annotations } = admitted.metadata.annotations ?? {};
        return admitted.kind === 'Pod' ? { ...admitted, metadata: { ...admitted.metadata, annotations } } : admitted;
      },
    }),
  },
  'sidecar-in-every-pod': {
    description: 'pods of namespaces that are not enrolled get a sidecar too',
    caughtBy: ['permissive/enrolment'],
    control: () => ({
      admit: (admitted, { operation }) =>
        admitted.kind === 'Pod' && operation === 'CREATE' ? withIdleSidecar(admitted) : admitted,
    }),
  },
  'unmeshed-client-admitted': {
    description: 'the mesh lets in a client from outside',
    caughtBy: ['permissive/unmeshed-client'],
    because: 'one claim is about clients from outside, in both modes; the next two faults are parts of this one',
    data: () => ({ allowsPlaintext: () => true }),
  },
  'unmeshed-client-admitted-to-tcp': {
    description: 'the mesh lets in a client from outside to TCP ports',
    caughtBy: ['permissive/unmeshed-client'],
    because: 'one claim is about clients from outside, with both protocols',
    data: ({ config }) => ({
      allowsPlaintext: (port) =>
        config().inbound.some((inbound) => inbound.port === port && inbound.protocol === 'tcp'),
    }),
  },
  'unmeshed-client-admitted-when-off': {
    description: 'the mesh lets in a client from outside while permissive mode is off',
    caughtBy: ['permissive/unmeshed-client'],
    because: 'one claim tests both modes',
    data: ({ config }) => ({
      allowsPlaintext: (port) =>
        config().inbound.some((inbound) => inbound.port === port && !inbound.rules.some(isForAll)),
    }),
  },
  'new-pods-closed-for-ever': {
    description: 'a pod that replaces another one is closed for ever',
    caughtBy: ['egress/set-at-installation'],
    ...changingFor(() => {
      const ageOf = ages();
      return (state, workload) =>
        ageOf(workload) === undefined ? state : { ...state, permissive: false, egress: false, targets: [] };
    }),
  },
  'new-pods-start-open': {
    description: 'a pod that replaces another one is open for 15 s',
    caughtBy: ['egress/set-at-installation'],
    control: () => {
      const ageOf = ages();
      return {
        updateAgainAfterMs: OPEN_MS,
        stateFor: (state, workload) => {
          const ageMs = ageOf(workload);
          return ageMs !== undefined && ageMs < OPEN_MS ? { ...state, permissive: true, egress: true } : state;
        },
      };
    },
  },
});

/** Adds a container to a pod outside of the mesh that has the sidecar's name and does nothing. */
function withIdleSidecar(pod: Manifest): Manifest {
  const spec = pod['spec'] as { containers: { name: string; image: string }[] };
  if (pod.metadata.namespace === 'kube-system' || spec.containers.some(({ name }) => name === SIDECAR_NAME)) return pod;
  const idle = { name: SIDECAR_NAME, image: FIXTURE_IMAGES.curl, command: ['sleep', '2147483647'] };
  return { ...pod, spec: { ...spec, containers: [...spec.containers, idle] } };
}

/** Answers how long ago a pod was first seen, ms; undefined for the first pod of each identity. */
export function ages(): (workload: Workload) => number | undefined {
  const first = new Map<string, string>();
  const seen = new Map<string, number>();
  return ({ podAddress, principal }) => {
    if (!first.has(principal)) first.set(principal, podAddress);
    if (!seen.has(podAddress)) seen.set(podAddress, performance.now());
    return first.get(principal) === podAddress ? undefined : performance.now() - (seen.get(podAddress) ?? 0);
  };
}

function isForAll({ principals, requests }: InboundRule): boolean {
  return principals === undefined && requests === undefined;
}
