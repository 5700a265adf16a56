import type { Manifest } from '../contract.ts';
import { SIDECAR_NAME } from '../mesh/admission.ts';
import { TRANSPARENT_PROXY } from '../node/pod-spec.ts';
import type { Fault } from './fault.ts';

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
  'outsider-admitted': { data: () => ({ admitsPlain: () => true }) },
  'outsider-admitted-to-tcp': {
    data: ({ config }) => ({
      admitsPlain: (port) => config().inbound.some((inbound) => inbound.port === port && inbound.protocol === 'tcp'),
    }),
  },
  'pods-after-the-first-closed': {
    control: () => {
      const first = new Map<string, string>();
      return {
        stateFor: (state, { podAddress, principal }) => {
          if (!first.has(principal)) first.set(principal, podAddress);
          const isLater = first.get(principal) !== podAddress;
          return isLater ? { ...state, permissive: false, egress: false, targets: [] } : state;
        },
      };
    },
  },
} satisfies Record<string, Fault>;

/** Puts a container of the sidecar's name into a pod whose namespace is not enrolled; it does nothing. */
function withIdleSidecar(pod: Manifest): Manifest {
  const spec = pod['spec'] as { containers: { name: string; image: string }[] };
  if (pod.metadata.namespace === 'kube-system' || spec.containers.some(({ name }) => name === SIDECAR_NAME)) return pod;
  const idle = { name: SIDECAR_NAME, image: 'curlimages/curl:8.17.0', command: ['sleep', '2147483647'] };
  return { ...pod, spec: { ...spec, containers: [...spec.containers, idle] } };
}
