import type { FaultName } from '../../sandbox/index.ts';
import type { DriverChange } from '../driver.ts';

/**
 * `mesh`: wrong, and named claims must notice. `variant`: right, though it looks different, and nobody may accuse it.
 * `environment`: the cluster fails for a while, and no claim may lay it to the mesh.
 */
export type CaseKind = 'mesh' | 'variant' | 'environment';

/** One sandbox that is not as it should be, or not as one would expect, and what the suites have to make of it. */
export interface Case {
  name: string;
  kind: CaseKind;
  /** What it is about: identity, ports, egress. */
  area: string;
  /** What it does, in one sentence. */
  says: string;
  /** What the sandbox is told to do; absent where the driver or a setting makes the difference. */
  fault?: FaultName;
  /** How the driver differs from the reference mesh's. */
  driver?: DriverChange;
  /** Settings of the mesh's installation, KEY=VALUE. */
  sets?: string[];
  /** KiB of a disk of its own under the run's folder, which fills up once a claim has failed. */
  diskKiB?: number;
  /**
   * Claims that must fail: all of them, each by itself. For a right variant, those that may; where the environment fails, those
   * of which one must, since the mesh is wrong as well.
   */
  caughtBy: string[];
  /** Claims of the quick cell that only have to be there: to do what brings the fault out, or to be judged rightly. */
  alongside?: string[];
  /** Why what is seen while the environment fails may count all the same, where it may. */
  trusted?: string;
  /** Set on those that were thought of before anybody had read the suites. */
  devised?: 'from the notes alone';
  /** Why it is caught by the same claims as another, or by none. */
  because?: string;
}

type Facts = Omit<Case, 'name' | 'kind' | 'area' | 'caughtBy'>;

/** A mesh that is wrong by the sandbox's fault of that name. */
export function wrong(area: string, name: FaultName, facts: Facts, caughtBy: string[]): Case {
  return { name, kind: 'mesh', area, fault: name, ...facts, caughtBy };
}
