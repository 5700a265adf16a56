import type { EvidenceRecord } from '../evidence/index.ts';
import type { ClaimResult } from './claims.ts';
import { last } from './kinds.ts';
import { wasRun } from './verdicts.ts';

/** What became of the features that the driver declares the mesh to have. */
export interface Declared {
  /** Claims of the run need them, and none of those ran: a promise that goes for granted. */
  unshown: string[];
  /** No claim of the run needs them. */
  notChosen: string[];
}

export function declaredFeatures(records: EvidenceRecord[], claims: readonly ClaimResult[]): Declared {
  const supported = last(records, 'plan')?.mesh.supports ?? [];
  const needing = (feature: string) => claims.filter(({ features }) => features.includes(feature));
  return {
    unshown: supported.filter((feature) => {
      const own = needing(feature);
      return own.length > 0 && !own.some(({ verdict }) => wasRun(verdict));
    }),
    notChosen: supported.filter((feature) => needing(feature).length === 0),
  };
}
