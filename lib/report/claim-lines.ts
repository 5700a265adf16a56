import type { ClaimSummary, RouteResult, Verdict } from '../evidence/index.ts';
import { longest } from './claims.ts';
import type { Of } from './kinds.ts';
import { mark, type Paint, tint } from './paint.ts';
import { deviationText } from './record-lines.ts';
import { firstLine, indent, printable, seconds, shorten, wrap } from './text.ts';
import { wasRun } from './verdicts.ts';

/** Prints claims as they are decided, in columns. Claims of several suites are judged side by side, so each line has the whole id. */
export interface ClaimLines {
  /** Learns the claims' sentences, and how wide their names are. */
  plan(claims: ClaimSummary[]): void;
  says(id: string): string;
  expectation(record: Of<'expectation'>): void;
  verdict(record: Of<'verdict'>): string[];
}

const columns = { time: 8, id: { least: 16, most: 48 }, margin: 4, prose: 100 };

/** @param width columns that a line may have; undefined where there is no limit */
export function createClaimLines(paint: Paint, width: () => number | undefined): ClaimLines {
  const sentences = new Map<string, string>();
  const routes = new Map<string, RouteResult[]>();
  const shown = new Map<string, { verdict: Verdict; attempt: number }>();
  let isHeaded = false;
  let idWidth = columns.id.least;

  const heading = () => {
    if (isHeaded) return [];
    isHeaded = true;
    const head = `${'time'.padStart(columns.time)}${'to act'.padStart(columns.time)}`;
    return ['', `${paint.bold('claim'.padEnd(idWidth + columns.margin))}${paint.dim(head)}`];
  };

  const remark = (text: string, style: (text: string) => string) => {
    const margin = ' '.repeat(columns.margin + 2);
    const prose = wrap(text, Math.max(40, width() ?? columns.prose) - margin.length);
    return indent(prose, margin).split('\n').map(style);
  };

  const claimLine = (id: string, verdict: Verdict, ms: number, own: RouteResult[]) => {
    const name = shorten(printable(id), idWidth).padEnd(idWidth);
    const actedMs = longest(own.map((route) => route.actedMs));
    const took = (wasRun(verdict) ? seconds(ms) : '').padStart(columns.time);
    const acted = (actedMs === undefined ? '' : seconds(actedMs)).padStart(columns.time);
    const sentence = printable(sentences.get(id) ?? '');
    const room = (width() ?? Number.POSITIVE_INFINITY) - idWidth - columns.margin - 2 * columns.time - 2;
    const line = `${name}${took}${acted}  ${shorten(sentence, Math.max(room, 20))}`.trimEnd();
    return `  ${mark(verdict, paint)} ${wasRun(verdict) ? line : paint.dim(line)}`;
  };

  return {
    plan(claims) {
      for (const { id, says } of claims) sentences.set(id, says);
      idWidth = Math.min(columns.id.most, Math.max(columns.id.least, ...claims.map(({ id }) => id.length)));
    },
    says: (id) => sentences.get(id) ?? '',
    expectation(record) {
      routes.set(record.claim, [...(routes.get(record.claim) ?? []), ...record.routes]);
    },
    verdict({ claim: id, verdict, reason, attempt, ms }) {
      const before = shown.get(id);
      const own = routes.get(id) ?? [];
      routes.delete(id);
      if (before?.verdict === verdict && before.attempt === attempt) return [];
      shown.set(id, { verdict, attempt });
      const deviation = verdict === 'passed' ? deviationText(own) : '';
      return [
        ...heading(),
        claimLine(id, verdict, ms, own),
        ...(before?.attempt === attempt ? remark(`${verdict} after all, ${before.verdict} before`, paint.yellow) : []),
        ...(attempt > 1 ? remark(`attempt ${attempt}`, paint.dim) : []),
        ...(deviation === '' ? [] : remark(deviation, paint.yellow)),
        ...(verdict === 'passed' || reason === undefined
          ? []
          : remark(`${verdict}: ${firstLine(reason)}`, tint(verdict, paint))),
      ];
    },
  };
}
