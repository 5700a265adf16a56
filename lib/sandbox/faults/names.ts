import { type environmentFaults, environmentFaults as ofEnvironment } from './environment.ts';
import { type MeshFaultName, meshFaultNames } from './index.ts';

/** Everything that a sandbox can be told to do wrong. */
export type FaultName = MeshFaultName | keyof typeof environmentFaults;

export const environmentFaultNames = Object.keys(ofEnvironment) as (keyof typeof environmentFaults)[];

export const faultNames: FaultName[] = [...meshFaultNames, ...environmentFaultNames];

export { meshFaultNames };
