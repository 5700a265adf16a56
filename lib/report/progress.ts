import type { EvidenceRecord } from '../evidence/index.ts';
import { createClaimLines } from './claim-lines.ts';
import type { Of } from './kinds.ts';
import type { Paint } from './paint.ts';
import { createPhaseLines } from './phase-lines.ts';
import { changeLines, crashLine, environmentFaultLine, noteLine, planLines, runLines } from './record-lines.ts';
import { printable } from './text.ts';
import { wasRun } from './verdicts.ts';

/** Turns evidence, record by record, into what a console prints. */
export interface Progress {
  /** The lines that a record is worth; most are worth none. */
  lines(record: EvidenceRecord): string[];
  /** What the run is at: how many claims are decided and what was done last, else the innermost phase. */
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
  const phases = createPhaseLines(paint, width);
  const claims = createClaimLines(paint, width);
  let planned = 0;
  const decided = new Set<string>();
  let latest: string | undefined;

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
      case 'attempt':
        return claims.attempt(record);
      case 'verdict':
        return claims.verdict(record);
      case 'expectation':
        claims.expectation(record);
        return verbose ? [paint.dim(printable(`      ${record.result}: ${record.statement}`))] : [];
      case 'change':
        return verbose || record.error !== undefined ? changeLines(record, paint) : [];
      case 'environment-fault':
        return [environmentFaultLine(record, paint)];
      case 'crash':
        return [crashLine(record, paint)];
      case 'note':
        return verbose ? [noteLine(record, paint)] : [];
      case 'end':
      case 'observation':
      case 'left-out':
        return [];
    }
  };

  const follow = (record: EvidenceRecord) => {
    if (record.kind === 'plan') planned = record.claims.filter(({ skip }) => skip === undefined).length;
    if (record.kind === 'verdict' && wasRun(record.verdict)) decided.add(record.claim);
    if (record.kind === 'change' || record.kind === 'expectation') latest = record.claim ?? latest;
  };

  return {
    lines(record) {
      follow(record);
      return lines(record);
    },
    present() {
      const innermost = phases.innermost();
      if (innermost?.phase === 'suite' && latest !== undefined) {
        const what = `${decided.size} of ${planned} claims decided`;
        return { what, about: `at ${latest}: ${claims.title(latest)}`, since: innermost.since };
      }
      return innermost && { what: innermost.phase, about: innermost.what, since: innermost.since };
    },
  };
}
