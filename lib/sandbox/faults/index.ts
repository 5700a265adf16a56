import { connectionFaults } from './connections.ts';
import { controlPlaneFaults } from './control-plane.ts';
import { egressFaults } from './egress.ts';
import { egressWayFaults } from './egress-ways.ts';
import { enrolmentFaults } from './enrolment.ts';
import { type EnvironmentFault, environmentFaults } from './environment.ts';
import type { CaseFacts, ControlFault, DataFault, MeshFault, Sidecar } from './fault.ts';
import { httpPolicyFaults } from './http-policies.ts';
import { identityFaults } from './identity.ts';
import { modeFaults } from './modes.ts';
import { podFaults } from './pods.ts';
import { policyFaults } from './policies.ts';
import { policyEditFaults } from './policy-edits.ts';
import { policyLifeFaults } from './policy-life.ts';
import { policyListFaults } from './policy-lists.ts';
import { reliabilityFaults } from './reliability.ts';
import { severalPoliciesFaults } from './several-policies.ts';
import { sizeFaults } from './sizes.ts';
import { conformingVariants } from './variants.ts';
import { wayRoundFaults } from './ways-round.ts';

/** One sandbox that differs from the reference, and what the suites must make of it. */
export interface Case extends CaseFacts {
  name: string;
  kind: 'faulty-mesh' | 'conforming-variant' | 'environment-fault';
}

/** Each has one deviation, and names claims that must all notice it. */
const faultyMeshes: Record<string, MeshFault> = {
  ...identityFaults,
  ...wayRoundFaults,
  ...policyFaults,
  ...policyListFaults,
  ...severalPoliciesFaults,
  ...policyEditFaults,
  ...policyLifeFaults,
  ...httpPolicyFaults,
  ...modeFaults,
  ...egressFaults,
  ...egressWayFaults,
  ...enrolmentFaults,
  ...podFaults,
  ...connectionFaults,
  ...sizeFaults,
  ...reliabilityFaults,
  ...controlPlaneFaults,
};

const meshFaults: Record<string, MeshFault> = { ...faultyMeshes, ...conformingVariants };

/** Everything that `meshproof prove` runs the suites against. */
export const cases: Case[] = [
  ...casesOf('faulty-mesh', faultyMeshes),
  ...casesOf('conforming-variant', conformingVariants),
  ...casesOf('environment-fault', environmentFaults),
];

/** What `--sandbox-fault` takes: the cases that the sandbox itself brings about. */
export const faultNames: string[] = cases.flatMap(({ name, fault }) => (name === fault ? [name] : []));

/** What the control plane does differently under this fault: nothing if it is not a fault of the mesh. */
export function controlFault(name: string | undefined): ControlFault {
  return meshFaults[name ?? '']?.control?.() ?? {};
}

/** What a sidecar does differently under this fault. */
export function dataFault(name: string | undefined, sidecar: Sidecar): DataFault {
  return meshFaults[name ?? '']?.data?.(sidecar) ?? {};
}

function casesOf(
  kind: Case['kind'],
  faults: Record<string, MeshFault & Pick<EnvironmentFault, 'replace' | 'isEndless'>>,
): Case[] {
  return Object.entries(faults).map(([name, { control, data, replace, isEndless: _, ...facts }]) => {
    const hasCode = control !== undefined || data !== undefined || replace !== undefined;
    return { name, kind, ...(hasCode ? { fault: name } : {}), ...facts };
  });
}
