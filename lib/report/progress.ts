import type { EvidenceRecord, PhaseName, RouteResult, Verdict } from '../evidence/index.ts';
import { attemptName, attemptTally, longest, sum, timesOf } from './claims.ts';
import { type Of, takeOpen } from './records.ts';
import { count, firstLine, indent, pad, printable, seconds, shorten } from './text.ts';
import { mark, type Paint, tint, wasRun } from './verdicts.ts';
import { meshName } from './warnings.ts';

/** Turns evidence, record by record, into what a console prints. */
export interface Progress {
  /** The lines for a record; most have none. */
  lines(record: EvidenceRecord): string[];
  /** What the run does now: how many claims are decided and what was done last, else the innermost phase. */
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
  const phases = new PhaseLines(paint, width);
  const claims = new ClaimLines(paint, width);
  let planned = 0;
  const decided = new Set<string>();
  let latest: string | undefined;

  const lines = (record: EvidenceRecord): string[] => {
    switch (record.kind) {
      case 'run':
        return runLines(record, paint);
      case 'plan':
        planned = record.claims.filter(({ skip }) => skip === undefined).length;
        claims.plan(record);
        return planLines(record, paint);
      case 'phase':
        return phases.lines(record);
      case 'attempt':
        return claims.attempt(record);
      case 'verdict':
        if (wasRun(record.verdict)) decided.add(record.claim);
        return claims.verdict(record);
      case 'expectation':
        latest = record.claim;
        claims.expectation(record);
        return verbose ? [paint.dim(printable(`      ${record.result}: ${record.statement}`))] : [];
      case 'change':
        latest = record.claim ?? latest;
        return verbose || record.error !== undefined ? changeLines(record, paint) : [];
      case 'environment-fault': {
        const { cause, to } = record;
        return [paint.yellow(`  ! environment: ${printable(cause)}${to === undefined ? '' : ' (over)'}`)];
      }
      case 'crash': {
        const { pod, container, reason } = record;
        return [paint.yellow(`  ! crash: ${printable(`${container} in ${pod}, ${reason}`)}`)];
      }
      case 'note':
        return verbose ? [paint.dim(`      ${printable(`${record.what}: ${record.value}`)}`)] : [];
      case 'end':
      case 'observation':
      case 'left-out':
        return [];
    }
  };

  return {
    lines,
    present() {
      const { innermost } = phases;
      if (innermost?.phase === 'suite' && latest !== undefined) {
        const what = `${decided.size} of ${planned} claims decided`;
        return { what, about: `at ${latest}: ${claims.title(latest)}`, since: innermost.since };
      }
      return innermost && { what: innermost.phase, about: innermost.what, since: innermost.since };
    },
  };
}

/** Columns for the name of a phase, its words, a time, the margin, an id and a title. */
const COLUMNS = {
  phase: 13,
  words: { least: 10, most: 44 },
  time: 8,
  margin: 2,
  id: { least: 16, most: 48 },
  title: 20,
};

type Width = ProgressStyle['width'];

/** Prints phases as they end. Suites have their own lines: their claims. */
class PhaseLines {
  private readonly paint: Paint;
  private readonly width: Width;
  private readonly open: { phase: PhaseName; what: string; since: number }[] = [];
  private isAfterSuite = false;

  constructor(paint: Paint, width: Width) {
    this.paint = paint;
    this.width = width;
  }

  /** The last phase that has begun and not ended. */
  get innermost() {
    return this.open.at(-1);
  }

  lines({ phase, what, event, ok, ms, at }: Of<'phase'>): string[] {
    if (event === 'begin') {
      this.open.push({ phase, what, since: at });
      return [];
    }
    const begun = takeOpen(this.open, phase, what);
    const gap = this.isAfterSuite && phase !== 'suite' ? [''] : [];
    this.isAfterSuite = phase === 'suite';
    if (phase === 'suite') return [];
    const room = (this.width() ?? Number.POSITIVE_INFINITY) - COLUMNS.margin - COLUMNS.phase - COLUMNS.time;
    const wide = Math.max(COLUMNS.words.least, Math.min(COLUMNS.words.most, room));
    const words = pad(shorten(printable(what).replaceAll('\n', ' '), wide), wide);
    const took = seconds(ms ?? at - (begun?.since ?? at)).padStart(COLUMNS.time);
    const line = `  ${phase.padEnd(COLUMNS.phase)}${words}${took}`;
    return [...gap, ok === false ? this.paint.red(`${line}  failed`) : line];
  }
}

interface Decided {
  verdict: Verdict;
  reason?: string | undefined;
  ms: number;
}

/** Text and its style. */
type Remark = [text: string, style: (text: string) => string];

/**
 * Prints claims as they are decided, in columns, and each attempt at those that have several. Claims of several suites are
 * judged side by side, so each line has the whole id.
 */
class ClaimLines {
  private readonly paint: Paint;
  private readonly width: Width;
  private readonly titles = new Map<string, string>();
  /** Since the claim's last attempt or verdict. */
  private readonly expectations = new Map<string, Of<'expectation'>[]>();
  private readonly attempts = new Map<string, Of<'attempt'>[]>();
  private readonly shown = new Map<string, { verdict: Verdict; attempt: number }>();
  private isHeaded = false;
  private idWidth = COLUMNS.id.least;

  constructor(paint: Paint, width: Width) {
    this.paint = paint;
    this.width = width;
  }

  plan({ claims }: Of<'plan'>): void {
    for (const { id, title } of claims) this.titles.set(id, title);
    const { least, most } = COLUMNS.id;
    this.idWidth = Math.min(most, Math.max(least, ...claims.map(({ id }) => printable(id).length)));
  }

  title(id: string): string {
    return this.titles.get(id) ?? '';
  }

  expectation(record: Of<'expectation'>): void {
    this.expectations.set(record.claim, [...(this.expectations.get(record.claim) ?? []), record]);
  }

  attempt(record: Of<'attempt'>): string[] {
    const all = [...(this.attempts.get(record.claim) ?? []), record];
    this.attempts.set(record.claim, all);
    return this.decided(record.claim, record, [[attemptName(record, all), this.paint.dim]]);
  }

  verdict(record: Of<'verdict'>): string[] {
    const { claim, verdict, attempt } = record;
    const all = this.attempts.get(claim) ?? [];
    const before = this.shown.get(claim);
    this.shown.set(claim, { verdict, attempt });
    const was = all.at(-1)?.verdict ?? (before?.attempt === attempt ? before.verdict : undefined);
    if (was === verdict || (all.length > 0 && before?.verdict === verdict)) return [];
    const isAmended = was !== undefined && all.length < 2;
    return this.decided(claim, record, [
      [isAmended ? `${verdict} after all, ${was} before` : '', this.paint.yellow],
      [attemptTally(all), this.paint.dim],
    ]);
  }

  private decided(id: string, { verdict, reason, ms }: Decided, remarks: Remark[]): string[] {
    const own = this.expectations.get(id) ?? [];
    this.expectations.delete(id);
    const deviation = verdict === 'passed' ? deviationText(own.flatMap(({ routes }) => routes)) : '';
    const why = verdict === 'passed' || reason === undefined ? '' : `${verdict}: ${firstLine(reason)}`;
    const all: Remark[] = [...remarks, [deviation, this.paint.yellow], [why, tint(verdict, this.paint)]];
    const margin = ' '.repeat(COLUMNS.margin + 4);
    return [
      ...this.heading(),
      this.line(id, verdict, ms, own),
      ...all.flatMap(([text, style]) => (text === '' ? [] : [style(margin + text)])),
    ];
  }

  private heading(): string[] {
    if (this.isHeaded) return [];
    this.isHeaded = true;
    const head = `${'time'.padStart(COLUMNS.time)}${'to act'.padStart(COLUMNS.time)}`;
    return ['', `${this.paint.bold('claim'.padEnd(this.idWidth + 2 * COLUMNS.margin))}${this.paint.dim(head)}`];
  }

  private line(id: string, verdict: Verdict, ms: number, own: Of<'expectation'>[]): string {
    const name = pad(shorten(printable(id), this.idWidth), this.idWidth);
    const { actedMs, neverActed } = timesOf(own);
    const took = (wasRun(verdict) ? seconds(ms) : '').padStart(COLUMNS.time);
    const acted = (neverActed ? 'never' : actedMs === undefined ? '' : seconds(actedMs)).padStart(COLUMNS.time);
    const title = printable(this.title(id)).replaceAll('\n', ' ');
    const room = (this.width() ?? Number.POSITIVE_INFINITY) - this.idWidth - 2 * COLUMNS.time - 3 * COLUMNS.margin;
    // If the title has no room, the id says enough.
    const line = `${name}${took}${acted}${room < COLUMNS.title ? '' : `  ${shorten(title, room)}`}`.trimEnd();
    return `  ${mark(verdict, this.paint)} ${wasRun(verdict) ? line : this.paint.dim(line)}`;
  }
}

/** The first lines of a run: what is tested, where, and why these two. */
function runLines({ version, runId, seed, choice, rerun }: Of<'run'>, paint: Paint): string[] {
  const head = paint.bold(`meshproof ${printable(version)}`);
  const run = paint.dim(`run ${printable(runId)}, seed ${printable(seed)}`);
  if (choice === undefined) return [head, run, ''];
  const fault = choice.sandboxFault === undefined ? '' : ` with the fault ${choice.sandboxFault}`;
  const place = choice.sandbox ? 'in the SANDBOX, which says nothing about a real mesh' : `on ${choice.provider}`;
  const driver = choice.verified === false ? ', by an UNVERIFIED driver,' : fault && ',';
  const tested = printable(`${meshName(choice.mesh)}${fault}${driver} ${place}`);
  return [
    `${head}  ${tested} ${paint.dim(`(${printable(choice.why)})`)}`,
    run,
    ...(rerun === undefined ? [] : rerunLines(rerun, paint)),
    '',
  ];
}

function rerunLines({ of, left, driverDiffers }: NonNullable<Of<'run'>['rerun']>, paint: Paint): string[] {
  const lines = [`continues run ${printable(of)} with the claims that did not pass there`];
  if (driverDiffers)
    lines.push(paint.yellow('the driver has changed since: what passed there, passed with the old one'));
  if (left.length > 0)
    lines.push(paint.yellow(`${count(left.length, 'claim')} of it stay undecided: not asked for here`));
  return lines;
}

/** What is really under test, known when cluster and mesh are up. */
function planLines({ mesh, kubernetes, claims, sandbox }: Of<'plan'>, paint: Paint): string[] {
  const suites = new Set(claims.map(({ suite }) => suite)).size;
  const other = mesh.observedVersion === mesh.declaredVersion ? '' : ` for ${mesh.declaredVersion}`;
  const driver = mesh.verified ? other && `, by a driver${other}` : `, by an UNVERIFIED driver${other}`;
  const place = sandbox ? ', in a SANDBOX' : '';
  const tested = mesh.name === meshName(mesh.name) ? `${mesh.name} ${mesh.observedVersion}` : meshName(mesh.name);
  const words = printable(`${tested}, Kubernetes ${kubernetes}${place}${driver}`);
  const size = `${count(claims.length, 'claim')} in ${count(suites, 'suite')}`;
  return [`  ${'under test'.padEnd(COLUMNS.phase)}${words}`, paint.dim(`  ${' '.repeat(COLUMNS.phase)}${size}`)];
}

function changeLines({ id, what, start, end, error }: Of<'change'>, paint: Paint): string[] {
  const line = `      change ${id}: ${printable(what)}, ${seconds(end - start, 2)}`;
  if (error === undefined) return [paint.dim(line)];
  return [line, ...indent(printable(error.trim()), '        ').split('\n')].map(paint.yellow);
}

/** What its changes leaked or lost before they settled; empty where nothing was. */
function deviationText(routes: RouteResult[]): string {
  const leaked = sum(routes.map((route) => route.leaked));
  const lost = sum(routes.map((route) => route.lost));
  if (leaked + lost === 0) return '';
  const settledMs = longest(routes.map((route) => route.settledMs));
  const when = settledMs === undefined ? '' : ` until it settled after ${seconds(settledMs)}`;
  return `${[...(leaked > 0 ? [`${leaked} leaked`] : []), ...(lost > 0 ? [`${lost} lost`] : [])].join(', ')}${when}`;
}
