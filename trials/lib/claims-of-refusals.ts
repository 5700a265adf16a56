import type { EvidenceRecord } from '../../lib/evidence/index.ts';

/** The claims that got far enough to expect a refusal. */
export function claimsOfRefusals(records: readonly EvidenceRecord[]): Set<string> {
  return new Set(
    records.flatMap((record) =>
      record.kind === 'expectation' && record.routes.some(({ expected }) => expected === 'refused')
        ? [record.claim]
        : [],
    ),
  );
}
