import type { EvidenceRecord, PhaseName } from '../evidence/index.ts';
import { attemptName, attemptTally, deviations, timesOf } from './claims.ts';
import { longest, type Of, takeOpen } from './records.ts';
import { count, firstLine, indent, pad, printable, seconds, shorten } from './text.ts';
import { mark, type Paint, tint, wasRun } from './verdicts.ts';
import { meshName } from './warnings.ts';

interface ProgressStyle {
  paint: Paint;
  /** Changes, expectations and notes too. */
  verbose: boolean;
  /** Columns that a line may have. */
  width(): number;
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

interface ClaimState {
  title: string;
  attempts: Of<'attempt'>[];
  /** Since its last attempt or verdict. */
  expectations: Of<'expectation'>[];
  verdict?: Of<'verdict'>;
}

/** Text and its style. */
type Remark = [text: string, style: (text: string) => string];

/**
 * Turns evidence, record by record, into what a console prints: phases as they end, claims in columns as they are decided, and
 * each attempt at those that have several. Claims of several suites are judged side by side, so each line has the whole id.
 */
export class Progress {
  private readonly style: ProgressStyle;
  /** Phases that have begun and not ended. */
  private readonly open: { phase: PhaseName; what: string; since: number }[] = [];
  private readonly claims = new Map<string, ClaimState>();
  private planned = 0;
  private idWidth = COLUMNS.id.least;
  private isHeaded = false;
  private isAfterSuite = false;
  /** The claim for which something was done last. */
  private latest: string | undefined;

  constructor(style: ProgressStyle) {
    this.style = style;
  }

  /** The lines for a record; most have none. */
  lines(record: EvidenceRecord): string[] {
    const { paint, verbose } = this.style;
    const detail = (text: string) => (verbose ? [paint.dim(`      ${printable(text)}`)] : []);
    switch (record.kind) {
      case 'run':
        return runLines(record, paint);
      case 'plan':
        return this.plan(record);
      case 'phase':
        return this.phase(record);
      case 'attempt': {
        const { attempts } = this.claim(record.claim);
        attempts.push(record);
        return this.decided(record, [[attemptName(record, attempts), paint.dim]]);
      }
      case 'verdict':
        return this.verdict(record);
      case 'expectation':
        this.latest = record.claim;
        this.claim(record.claim).expectations.push(record);
        return detail(`${record.result}: ${record.statement}`);
      case 'change':
        this.latest = record.claim ?? this.latest;
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
        return detail(`${record.what}: ${record.value}`);
      default:
        return [];
    }
  }

  /**
   * What the run does now: how many claims are decided and what was done last, else the innermost phase.
   * @returns `since`: when it began, ms of the run
   */
  present(): { what: string; about: string; since: number } | undefined {
    const innermost = this.open.at(-1);
    if (innermost === undefined) return undefined;
    const { phase, what: about, since } = innermost;
    if (phase !== 'suite' || this.latest === undefined) return { what: phase, about, since };
    const decided = [...this.claims.values()].filter(({ verdict }) => verdict !== undefined && wasRun(verdict.verdict));
    const what = `${decided.length} of ${this.planned} claims decided`;
    return { what, about: `at ${this.latest}: ${this.claim(this.latest).title}`, since };
  }

  private claim(id: string): ClaimState {
    const state = this.claims.get(id) ?? { title: '', attempts: [], expectations: [] };
    this.claims.set(id, state);
    return state;
  }

  /** What is really under test, known when cluster and mesh are up. */
  private plan({ mesh, kubernetes, claims, sandbox }: Of<'plan'>): string[] {
    const { paint } = this.style;
    this.planned = claims.filter(({ skip }) => skip === undefined).length;
    for (const { id, title } of claims) this.claim(id).title = title;
    const { least, most } = COLUMNS.id;
    this.idWidth = Math.min(most, Math.max(least, ...claims.map(({ id }) => printable(id).length)));

    const suites = new Set(claims.map(({ suite }) => suite)).size;
    const other = mesh.observedVersion === mesh.declaredVersion ? '' : ` for ${mesh.declaredVersion}`;
    const driver = mesh.verified ? other && `, by a driver${other}` : `, by an UNVERIFIED driver${other}`;
    const place = sandbox ? ', in a SANDBOX' : '';
    const tested = mesh.name === meshName(mesh.name) ? `${mesh.name} ${mesh.observedVersion}` : meshName(mesh.name);
    const words = printable(`${tested}, Kubernetes ${kubernetes}${place}${driver}`);
    const size = `${count(claims.length, 'claim')} in ${count(suites, 'suite')}`;
    return [`  ${'under test'.padEnd(COLUMNS.phase)}${words}`, paint.dim(`  ${' '.repeat(COLUMNS.phase)}${size}`)];
  }

  /** A phase that ends. Suites have their own lines: their claims. */
  private phase({ phase, what, event, ok, ms, at }: Of<'phase'>): string[] {
    if (event === 'begin') {
      this.open.push({ phase, what, since: at });
      return [];
    }
    const begun = takeOpen(this.open, phase, what);
    const gap = this.isAfterSuite && phase !== 'suite' ? [''] : [];
    this.isAfterSuite = phase === 'suite';
    if (phase === 'suite') return [];
    const { paint, width } = this.style;
    const room = width() - COLUMNS.margin - COLUMNS.phase - COLUMNS.time;
    const wide = Math.max(COLUMNS.words.least, Math.min(COLUMNS.words.most, room));
    const words = pad(shorten(printable(what).replaceAll('\n', ' '), wide), wide);
    const took = seconds(ms ?? at - (begun?.since ?? at)).padStart(COLUMNS.time);
    const line = `  ${phase.padEnd(COLUMNS.phase)}${words}${took}`;
    return [...gap, ok === false ? paint.red(`${line}  failed`) : line];
  }

  private verdict(record: Of<'verdict'>): string[] {
    const { paint } = this.style;
    const { verdict, attempt } = record;
    const state = this.claim(record.claim);
    const { attempts, verdict: before } = state;
    state.verdict = record;
    const was = attempts.at(-1)?.verdict ?? (before?.attempt === attempt ? before.verdict : undefined);
    if (was === verdict || (attempts.length > 0 && before?.verdict === verdict)) return [];
    const isAmended = was !== undefined && attempts.length < 2;
    return this.decided(record, [
      [isAmended ? `${verdict} after all, ${was} before` : '', paint.yellow],
      [attemptTally(attempts), paint.dim],
    ]);
  }

  private decided(record: Of<'attempt' | 'verdict'>, remarks: Remark[]): string[] {
    const { paint } = this.style;
    const { claim, verdict, reason } = record;
    const state = this.claim(claim);
    const lines = [...this.heading(), this.line(record, state)];
    const deviation = verdict === 'passed' ? deviationText(state.expectations) : '';
    const why = verdict === 'passed' || reason === undefined ? '' : `${verdict}: ${firstLine(reason)}`;
    state.expectations = [];
    const margin = ' '.repeat(COLUMNS.margin + 4);
    for (const [text, style] of [...remarks, [deviation, paint.yellow], [why, tint(verdict, paint)]] as Remark[]) {
      if (text !== '') lines.push(style(margin + text));
    }
    return lines;
  }

  private heading(): string[] {
    if (this.isHeaded) return [];
    this.isHeaded = true;
    const { paint } = this.style;
    const head = `${'time'.padStart(COLUMNS.time)}${'to act'.padStart(COLUMNS.time)}`;
    return ['', `${paint.bold('claim'.padEnd(this.idWidth + 2 * COLUMNS.margin))}${paint.dim(head)}`];
  }

  private line({ claim, verdict, ms }: Of<'attempt' | 'verdict'>, { title, expectations }: ClaimState): string {
    const { paint, width } = this.style;
    const name = pad(shorten(printable(claim), this.idWidth), this.idWidth);
    const { actedMs, neverActed } = timesOf(expectations);
    const took = (wasRun(verdict) ? seconds(ms) : '').padStart(COLUMNS.time);
    const acted = (neverActed ? 'never' : actedMs === undefined ? '' : seconds(actedMs)).padStart(COLUMNS.time);
    const room = width() - this.idWidth - 2 * COLUMNS.time - 3 * COLUMNS.margin;
    // If the title has no room, the id says enough.
    const about = room < COLUMNS.title ? '' : `  ${shorten(printable(title).replaceAll('\n', ' '), room)}`;
    const line = `${name}${took}${acted}${about}`.trimEnd();
    return `  ${mark(verdict, paint)} ${wasRun(verdict) ? line : paint.dim(line)}`;
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
  const lines = [`${head}  ${tested} ${paint.dim(`(${printable(choice.why)})`)}`, run];
  if (rerun !== undefined) {
    const { of, left, driverDiffers } = rerun;
    lines.push(`continues run ${printable(of)} with the claims that did not pass there`);
    if (driverDiffers)
      lines.push(paint.yellow('the driver has changed since: what passed there, passed with the old one'));
    if (left.length > 0)
      lines.push(paint.yellow(`${count(left.length, 'claim')} of it stay undecided: not asked for here`));
  }
  return [...lines, ''];
}

function changeLines({ id, what, start, end, error }: Of<'change'>, paint: Paint): string[] {
  const line = `      change ${id}: ${printable(what)}, ${seconds(end - start, 2)}`;
  if (error === undefined) return [paint.dim(line)];
  return [line, ...indent(printable(error.trim()), '        ').split('\n')].map(paint.yellow);
}

/** What its changes leaked or lost before they settled; empty where nothing was. */
function deviationText(expectations: Of<'expectation'>[]): string {
  const counts = Object.entries(deviations(expectations)).filter(([, n]) => n > 0);
  if (counts.length === 0) return '';
  const settledMs = longest(expectations.flatMap(({ routes }) => routes.map((route) => route.settledMs)));
  const when = settledMs === undefined ? '' : ` until it settled after ${seconds(settledMs)}`;
  return `${counts.map(([what, n]) => `${n} ${what}`).join(', ')}${when}`;
}
