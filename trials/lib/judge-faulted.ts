import type { EvidenceRecord } from '../../lib/evidence/index.ts';
import { summarise } from '../../lib/report/index.ts';
import type { Lasted } from '../environment-faults/index.ts';
import { zeroOf } from './live-run.ts';

/** Tolerance between the script's times and the program's, ms. */
const TOLERANCE_MS = 300;

/** The verdict of a claim, and what is wrong with it. */
export interface Judged {
  claim: string;
  verdict: string;
  reason?: string;
  /** True if the claim ran during the environment fault. */
  disturbed: boolean;
  /** Number of restarts. */
  restarts: number;
  violations: string[];
}

/**
 * Checks every claim of a run: an environment fault lets none fail. A claim that passed although it ran during the
 * fault must rest on samples after the recovery.
 */
export function judgeDisturbed(records: EvidenceRecord[], lasted: Lasted): Judged[] {
  const zero = zeroOf(records);
  const from = lasted.from - zero;
  const to = lasted.to - zero;
  return summarise(records).claims.map(({ id, verdict, reason }) => {
    const own = records.filter((record) => 'claim' in record && record.claim === id);
    const decided = own.find((record) => record.kind === 'verdict');
    const end = decided?.at ?? to;
    const begin = decided?.kind === 'verdict' ? end - decided.ms : end;
    const isDisturbed = begin < to && end > from + TOLERANCE_MS;
    const attempts = own.filter((record) => record.kind === 'environment-fault');
    const violations: string[] = [];
    if (verdict === 'failed') violations.push('failed');
    if (!['passed', 'inconclusive'].includes(verdict)) violations.push(`is ${verdict}`);
    if (verdict === 'passed' && isDisturbed)
      violations.push(...samplesBefore(own, attempts.at(-1)?.seq ?? 0, from, to));
    return {
      claim: id,
      verdict,
      ...(reason === undefined ? {} : { reason }),
      disturbed: isDisturbed,
      restarts: attempts.length,
      violations: [...new Set(violations)],
    };
  });
}

/** The samples of the last attempt that began before the recovery. */
function samplesBefore(own: EvidenceRecord[], after: number, from: number, to: number): string[] {
  return own.flatMap((record) => {
    if (record.kind !== 'expectation' || record.seq <= after || record.sample === undefined) return [];
    const { start, end } = record.sample;
    if (start >= to - TOLERANCE_MS) return [];
    const seconds = (ms: number) => ((ms - from) / 1000).toFixed(2);
    const where = end <= from ? 'a sample before' : 'a sample during';
    const times = `${seconds(start)} to ${seconds(end)} s`;
    return [`${where} it: "${record.statement.split('\n', 1)[0]}" at ${times} of 0 to ${seconds(to)} s`];
  });
}
