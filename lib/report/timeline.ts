import type { EvidenceRecord } from '../evidence/index.ts';
import { deviations, timesOf } from './claims.ts';
import type { Of } from './records.ts';
import { count, printable, seconds } from './text.ts';

/** What was done to the cluster, its faults, and the results: one line each, in order, in seconds of the run. */
export function timelineText(records: EvidenceRecord[]): string {
  const entries = records.flatMap(entriesOf).sort(([a], [b]) => a - b);
  return entries
    .map(([at, kind, text]) => {
      const line = printable(text.trim()).replaceAll('\n', '\\n');
      return `${seconds(at, 3).padStart(11)}  ${kind.padEnd(11)}  ${line}\n`;
    })
    .join('');
}

type Entry = [at: number, kind: string, text: string];

function entriesOf(record: EvidenceRecord): Entry[] {
  const { at, kind } = record;
  const claim = 'claim' in record && record.claim !== undefined ? ` [${record.claim}]` : '';
  const because = 'reason' in record && record.reason !== undefined ? `: ${record.reason}` : '';
  switch (record.kind) {
    case 'run':
      return [[at, kind, `${record.runId}, ${record.startedAt}`]];
    case 'plan': {
      const { mesh, provider, kubernetes } = record;
      return [[at, kind, `${mesh.name} ${mesh.observedVersion} on ${provider}, Kubernetes ${kubernetes}`]];
    }
    case 'phase': {
      const end = record.ok === false ? 'failed' : 'is done';
      return [[at, kind, `${record.phase} ${record.what} ${record.event === 'begin' ? 'begins' : end}`]];
    }
    case 'change': {
      const outcome = record.error === undefined ? '' : `, which failed: ${record.error}`;
      const took = seconds(record.end - record.start, 2);
      return [[record.start, kind, `#${record.id} ${record.what}, acknowledged after ${took}${outcome}${claim}`]];
    }
    case 'environment-fault': {
      const begin: Entry = [record.from, kind, `${record.cause}${claim}`];
      return record.to === undefined ? [begin] : [begin, [record.to, kind, `over: ${record.cause}`]];
    }
    case 'crash': {
      const excuse = record.excused ? ', during an environment fault' : '';
      const restarts = count(record.restarts, 'restart');
      return [[at, kind, `${record.pod} ${record.container}${because}, ${restarts}${excuse}`]];
    }
    case 'expectation':
      return [
        [record.start, 'expecting', `${record.statement}${claim}`],
        [record.end, record.result, `${record.statement}${measured(record)}${claim}`],
      ];
    case 'attempt': {
      const which = `run ${record.run}, attempt ${record.attempt}`;
      return [[at, kind, `${record.claim} ${record.verdict} (${which})${because}`]];
    }
    case 'verdict':
      return [[at, kind, `${record.claim} ${record.verdict}${because}`]];
    case 'end':
      return [[at, kind, record.interrupted ? 'interrupted' : (record.fault?.message ?? 'in order')]];
    default:
      return [];
  }
}

function measured(expectation: Of<'expectation'>): string {
  const { actedMs, settledMs } = timesOf([expectation]);
  const { leaked, lost } = deviations([expectation]);
  return [
    actedMs === undefined ? '' : `, acted after ${seconds(actedMs, 2)}`,
    settledMs === undefined ? '' : `, settled after ${seconds(settledMs, 2)}`,
    leaked + lost === 0 ? '' : `, ${leaked + lost} leaked or lost`,
  ].join('');
}
