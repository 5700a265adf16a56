import { controlPlaneFaults } from './control-plane.ts';
import { egressFaults } from './egress.ts';
import { enrolmentFaults } from './enrolment.ts';
import type { ControlFault, DataFault, Fault, Sidecar } from './fault.ts';
import { identityFaults } from './identity.ts';
import { modeFaults } from './modes.ts';
import { policyFaults } from './policies.ts';
import { reliabilityFaults } from './reliability.ts';
import { looks } from './variants.ts';

export type { ControlFault, DataFault } from './fault.ts';

const faults = {
  ...identityFaults,
  ...policyFaults,
  ...modeFaults,
  ...egressFaults,
  ...enrolmentFaults,
  ...reliabilityFaults,
  ...controlPlaneFaults,
  ...looks,
};

export type MeshFaultName = keyof typeof faults;

/** The names of all faults of the reference mesh, conforming variations among them. */
export const meshFaultNames = Object.keys(faults) as MeshFaultName[];

/** What the control plane does differently under a fault; nothing under none, and under one that is not the mesh's. */
export function controlFault(name: string | undefined): ControlFault {
  return find(name)?.control?.() ?? {};
}

/** The same for one sidecar. */
export function dataFault(name: string | undefined, about: Sidecar): DataFault {
  return find(name)?.data?.(about) ?? {};
}

function find(name: string | undefined): Fault | undefined {
  return name === undefined ? undefined : (faults as Record<string, Fault>)[name];
}
