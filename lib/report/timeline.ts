import type { EvidenceRecord } from '../evidence/index.ts';
import { count, printable, seconds } from './text.ts';

/** What was done to the cluster, its faults, and the results: one line each, in order, in seconds of the run. */
export function timelineText(records: EvidenceRecord[]): string {
  const entries = records.flatMap((record) => entriesOf(record)).sort((a, b) => a.at - b.at);
  return entries
    .map(({ at, kind, text }) => `${seconds(at, 3).padStart(11)}  ${kind.padEnd(11)}  ${oneLine(text)}\n`)
    .join('');
}

interface Entry {
  /** Ms of the run. */
  at: number;
  kind: string;
  text: string;
}

function entriesOf(record: EvidenceRecord): Entry[] {
  const { at, kind } = record;
  switch (record.kind) {
    case 'run':
      return [{ at, kind, text: `${record.runId}, ${record.startedAt}` }];
    case 'plan':
      return [
        {
          at,
          kind,
          text: `${record.mesh.name} ${record.mesh.observedVersion} on ${record.provider}, Kubernetes ${record.kubernetes}`,
        },
      ];
    case 'phase':
      return [{ at, kind, text: `${record.phase} ${record.what} ${phaseEvent(record.event, record.ok)}` }];
    case 'change': {
      const outcome = record.error === undefined ? '' : `, which failed: ${record.error}`;
      const text = `#${record.id} ${record.what}, acknowledged after ${seconds(record.end - record.start, 2)}${outcome}`;
      return [{ at: record.start, kind, text: `${text}${of(record.claim)}` }];
    }
    case 'environment-fault': {
      const begin = { at: record.from, kind, text: `${record.cause}${of(record.claim)}` };
      return record.to === undefined ? [begin] : [begin, { at: record.to, kind, text: `over: ${record.cause}` }];
    }
    case 'crash': {
      const excuse = record.excused ? ', during an environment fault' : '';
      const restarts = count(record.restarts, 'restart');
      return [{ at, kind, text: `${record.pod} ${record.container}: ${record.reason}, ${restarts}${excuse}` }];
    }
    case 'expectation':
      return [
        { at: record.start, kind: 'expecting', text: `${record.statement}${of(record.claim)}` },
        { at: record.end, kind: record.result, text: `${record.statement}${measured(record)}${of(record.claim)}` },
      ];
    case 'attempt': {
      const reason = record.reason === undefined ? '' : `: ${record.reason}`;
      const which = `run ${record.run}, attempt ${record.attempt}`;
      return [{ at, kind, text: `${record.claim} ${record.verdict} (${which})${reason}` }];
    }
    case 'verdict': {
      const reason = record.reason === undefined ? '' : `: ${record.reason}`;
      return [{ at, kind, text: `${record.claim} ${record.verdict}${reason}` }];
    }
    case 'end':
      return [{ at, kind, text: record.interrupted ? 'interrupted' : (record.fault?.message ?? 'in order') }];
    case 'note':
    case 'observation':
    case 'left-out':
      return [];
  }
}

function phaseEvent(event: 'begin' | 'end', ok: boolean | undefined): string {
  if (event === 'begin') return 'begins';
  return ok === false ? 'failed' : 'is done';
}

function of(claim: string | undefined): string {
  return claim === undefined ? '' : ` [${claim}]`;
}

function measured({ routes }: Extract<EvidenceRecord, { kind: 'expectation' }>): string {
  const acted = routes.map(({ actedMs }) => actedMs).filter((ms) => ms !== undefined);
  const settled = routes.map(({ settledMs }) => settledMs).filter((ms) => ms !== undefined);
  const deviations = routes.reduce((total, { leaked, lost }) => total + leaked + lost, 0);
  return [
    acted.length === 0 ? '' : `, acted after ${seconds(Math.max(...acted), 2)}`,
    settled.length === 0 ? '' : `, settled after ${seconds(Math.max(...settled), 2)}`,
    deviations === 0 ? '' : `, ${deviations} leaked or lost`,
  ].join('');
}

function oneLine(text: string): string {
  return printable(text.trim()).replaceAll('\n', '\\n');
}
