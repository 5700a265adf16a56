import type { ClaimDescription, Verdict } from '../evidence/index.ts';
import { attemptName, attemptTally } from './attempts.ts';
import { timesOf } from './claims.ts';
import type { Of } from './kinds.ts';
import { mark, type Paint, tint } from './paint.ts';
import { deviationText } from './record-lines.ts';
import { firstLine, pad, printable, seconds, shorten } from './text.ts';
import { wasRun } from './verdicts.ts';

/** Prints claims as they are decided, in columns, and each attempt at those that have several. Claims of several suites are judged side by side, so each line has the whole id. */
export interface ClaimLines {
  /** Learns the claims' sentences, and how wide their names are. */
  plan(claims: ClaimDescription[]): void;
  title(id: string): string;
  expectation(record: Of<'expectation'>): void;
  attempt(record: Of<'attempt'>): string[];
  verdict(record: Of<'verdict'>): string[];
}

interface Decided {
  id: string;
  verdict: Verdict;
  reason: string | undefined;
  ms: number;
}

const columns = { time: 8, id: { least: 16, most: 48 }, margin: 4, title: 20 };

/** @param width columns that a line may have; undefined where there is no limit */
export function createClaimLines(paint: Paint, width: () => number | undefined): ClaimLines {
  const sentences = new Map<string, string>();
  const expectations = new Map<string, Of<'expectation'>[]>();
  const attempts = new Map<string, Of<'attempt'>[]>();
  const shown = new Map<string, { verdict: Verdict; attempt: number }>();
  let isHeaded = false;
  let idWidth = columns.id.least;

  const heading = () => {
    if (isHeaded) return [];
    isHeaded = true;
    const head = `${'time'.padStart(columns.time)}${'to act'.padStart(columns.time)}`;
    return ['', `${paint.bold('claim'.padEnd(idWidth + columns.margin))}${paint.dim(head)}`];
  };

  const claimLine = (id: string, verdict: Verdict, ms: number, own: Of<'expectation'>[]) => {
    const name = pad(shorten(printable(id), idWidth), idWidth);
    const { actedMs, neverActed } = timesOf(own);
    const took = (wasRun(verdict) ? seconds(ms) : '').padStart(columns.time);
    const acted = (neverActed ? 'never' : actedMs === undefined ? '' : seconds(actedMs)).padStart(columns.time);
    const sentence = printable(sentences.get(id) ?? '').replaceAll('\n', ' ');
    const room = (width() ?? Number.POSITIVE_INFINITY) - idWidth - columns.margin - 2 * columns.time - 2;
    // Where the sentence has no room, the id says enough.
    const title = room < columns.title ? '' : `  ${shorten(sentence, room)}`;
    const line = `${name}${took}${acted}${title}`.trimEnd();
    return `  ${mark(verdict, paint)} ${wasRun(verdict) ? line : paint.dim(line)}`;
  };

  const decided = (
    { id, verdict, reason, ms }: Decided,
    remarks: [text: string, style: (text: string) => string][],
  ) => {
    // Those since the last attempt or verdict.
    const own = expectations.get(id) ?? [];
    expectations.delete(id);
    const deviation = verdict === 'passed' ? deviationText(own.flatMap(({ routes }) => routes)) : '';
    const why = verdict === 'passed' || reason === undefined ? '' : `${verdict}: ${firstLine(reason)}`;
    const about: typeof remarks = [...remarks, [deviation, paint.yellow], [why, tint(verdict, paint)]];
    return [
      ...heading(),
      claimLine(id, verdict, ms, own),
      ...about.flatMap(([text, style]) => (text === '' ? [] : [style(' '.repeat(columns.margin + 2) + text)])),
    ];
  };

  return {
    plan(claims) {
      for (const { id, title } of claims) sentences.set(id, title);
      idWidth = Math.min(columns.id.most, Math.max(columns.id.least, ...claims.map(({ id }) => printable(id).length)));
    },
    title: (id) => sentences.get(id) ?? '',
    expectation(record) {
      expectations.set(record.claim, [...(expectations.get(record.claim) ?? []), record]);
    },
    attempt(record) {
      const { claim: id, verdict, reason, ms } = record;
      const all = [...(attempts.get(id) ?? []), record];
      attempts.set(id, all);
      return decided({ id, verdict, reason, ms }, [[attemptName(record, all), paint.dim]]);
    },
    verdict({ claim: id, verdict, reason, attempt, ms }) {
      const all = attempts.get(id) ?? [];
      const before = shown.get(id);
      shown.set(id, { verdict, attempt });
      const was = all.at(-1)?.verdict ?? (before?.attempt === attempt ? before.verdict : undefined);
      if (was === verdict || (all.length > 0 && before?.verdict === verdict)) return [];
      const isAmended = was !== undefined && all.length < 2;
      return decided({ id, verdict, reason, ms }, [
        [isAmended ? `${verdict} after all, ${was} before` : '', paint.yellow],
        [attemptTally(all), paint.dim],
      ]);
    },
  };
}
