import { FIXTURE_IMAGES } from '../../fixtures/table.ts';
import type { Manifest } from '../contract.ts';
import { SIDECAR_NAME } from '../mesh/admission.ts';
import type { InboundRule } from '../mesh/sidecar-config.ts';
import type { Workload } from '../mesh/state.ts';
import { TRANSPARENT_PROXY } from '../node/pod-spec.ts';
import type { Fault } from './fault.ts';

/** How long a new pod stays open, ms. */
const OPEN_MS = 15_000;

/** Whose traffic is the mesh's. */
export const enrolmentFaults = {
  'no-sidecar': {
    control: () => ({ admit: (admitted, { object }) => (admitted.kind === 'Pod' ? object : admitted) }),
  },
  'sidecar-bypassed': {
    control: () => ({
      admit: (admitted) => {
        const { [TRANSPARENT_PROXY]: _, ...annotations } = admitted.metadata.annotations ?? {};
        return admitted.kind === 'Pod' ? { ...admitted, metadata: { ...admitted.metadata, annotations } } : admitted;
      },
    }),
  },
  'sidecar-in-every-pod': {
    control: () => ({
      admit: (admitted, { operation }) =>
        admitted.kind === 'Pod' && operation === 'CREATE' ? withIdleSidecar(admitted) : admitted,
    }),
  },
  'unmeshed-client-admitted': { data: () => ({ admitsPlain: () => true }) },
  'unmeshed-client-admitted-to-tcp': {
    data: ({ config }) => ({
      admitsPlain: (port) => config().inbound.some((inbound) => inbound.port === port && inbound.protocol === 'tcp'),
    }),
  },
  'unmeshed-client-admitted-when-off': {
    data: ({ config }) => ({
      admitsPlain: (port) =>
        config().inbound.some((inbound) => inbound.port === port && !inbound.rules.some(isForEverybody)),
    }),
  },
  'new-pods-closed-for-ever': {
    control: () => {
      const isNew = pods();
      return {
        stateFor: (state, workload) =>
          isNew(workload) === undefined ? state : { ...state, permissive: false, egress: false, targets: [] },
      };
    },
  },
  'new-pods-start-open': {
    control: () => {
      const isNew = pods();
      return {
        againAfterMs: OPEN_MS,
        stateFor: (state, workload) => {
          const ageMs = isNew(workload);
          return ageMs !== undefined && ageMs < OPEN_MS ? { ...state, permissive: true, egress: true } : state;
        },
      };
    },
  },
} satisfies Record<string, Fault>;

/** Puts a container of the sidecar's name into a pod whose namespace is not enrolled; it does nothing. */
function withIdleSidecar(pod: Manifest): Manifest {
  const spec = pod['spec'] as { containers: { name: string; image: string }[] };
  if (pod.metadata.namespace === 'kube-system' || spec.containers.some(({ name }) => name === SIDECAR_NAME)) return pod;
  const idle = { name: SIDECAR_NAME, image: FIXTURE_IMAGES.curl, command: ['sleep', '2147483647'] };
  return { ...pod, spec: { ...spec, containers: [...spec.containers, idle] } };
}

/** Tells how long ago a pod was first seen that took the place of another, ms; undefined for the first ones. */
function pods(): (workload: Workload) => number | undefined {
  const first = new Map<string, string>();
  const seen = new Map<string, number>();
  return ({ podAddress, principal }) => {
    if (!first.has(principal)) first.set(principal, podAddress);
    if (!seen.has(podAddress)) seen.set(podAddress, performance.now());
    return first.get(principal) === podAddress ? undefined : performance.now() - (seen.get(podAddress) ?? 0);
  };
}

function isForEverybody({ principals, requests }: InboundRule): boolean {
  return principals === undefined && requests === undefined;
}
