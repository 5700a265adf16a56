import type { Case } from './case.ts';
import { environmentCases } from './environment.ts';
import { meshCases } from './mesh.ts';
import { variantCases } from './variants.ts';

export type { Case, CaseKind } from './case.ts';

/** Everything that the suites are proven against. */
export const cases: Case[] = [...meshCases, ...variantCases, ...environmentCases];
