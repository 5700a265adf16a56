import type { EvidenceRecord } from '../evidence/index.ts';
import { createClaimLines } from './claim-lines.ts';
import type { Of } from './kinds.ts';
import type { Paint } from './paint.ts';
import { createPhaseLines } from './phase-lines.ts';
import { changeLines, crashLine, disturbanceLine, noteLine, planLines, runLines } from './record-lines.ts';
import { printable } from './text.ts';

/** Turns evidence, record by record, into what a console prints. */
export interface Progress {
  /** The lines that a record is worth; most are worth none. */
  lines(record: EvidenceRecord): string[];
  /** What the run is at: the present claim, else the innermost phase. */
  present(): Present | undefined;
}

export interface Present {
  what: string;
  about: string;
  /** When it began, ms of the run. */
  since: number;
}

export interface ProgressStyle {
  paint: Paint;
  /** Changes, expectations and notes too. */
  verbose: boolean;
  /** Columns that a line may have; undefined where there is no limit. */
  width(): number | undefined;
}

export function createProgress({ paint, verbose, width }: ProgressStyle): Progress {
  const phases = createPhaseLines(paint);
  const claims = createClaimLines(paint, width);
  let claim: { id: string; since: number } | undefined;

  const phase = (record: Of<'phase'>) => {
    if (record.event === 'begin') {
      phases.begin(record);
      return [];
    }
    return phases.end(record).lines;
  };

  const lines = (record: EvidenceRecord): string[] => {
    switch (record.kind) {
      case 'run':
        return runLines(record, paint);
      case 'plan':
        claims.plan(record.claims);
        return planLines(record, paint);
      case 'phase':
        return phase(record);
      case 'verdict':
        return claims.verdict(record);
      case 'expectation':
        claims.expectation(record);
        return verbose ? [paint.dim(printable(`      ${record.result}: ${record.statement}`))] : [];
      case 'change':
        return verbose || record.error !== undefined ? changeLines(record, paint) : [];
      case 'disturbance':
        return [disturbanceLine(record, paint)];
      case 'crash':
        return [crashLine(record, paint)];
      case 'note':
        return verbose ? [noteLine(record, paint)] : [];
      case 'end':
      case 'observation':
        return [];
    }
  };

  // No record says that a claim begins; the first that names it does.
  const follow = (record: EvidenceRecord) => {
    const id = 'claim' in record ? record.claim : undefined;
    if (record.kind === 'verdict' || (record.kind === 'phase' && record.phase === 'suite')) claim = undefined;
    else if (id !== undefined && claim?.id !== id) claim = { id, since: record.at };
  };

  return {
    lines(record) {
      follow(record);
      return lines(record);
    },
    present() {
      const innermost = phases.innermost();
      if (innermost?.phase === 'suite' && claim !== undefined) {
        return { what: claim.id, about: claims.says(claim.id), since: claim.since };
      }
      return innermost && { what: innermost.phase, about: innermost.what, since: innermost.since };
    },
  };
}
