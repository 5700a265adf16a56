import type { EndRecord, EvidenceRecord, PhaseName, RunRecord, Verdict } from '../evidence/index.ts';
import { actingSpans, type ChangeResult, changeResults, type ModeResult, modeResults } from './changes.ts';
import { type ClaimResult, claimResults, sum } from './claims.ts';
import { clipped, covered, grouped, last, only, type Span, takeOpen } from './records.ts';
import { tally, wasRun } from './verdicts.ts';

/** The result of a run, computed from its evidence. All times in ms. */
export interface RunSummary {
  runId: string;
  /** Of the harness. */
  version: string;
  startedAt: string;
  seed: string;
  provider: string;
  /** Why this provider and this mesh. */
  why: string | undefined;
  /** True: such a run says nothing about a real mesh. */
  sandbox: boolean;
  /** The fault that the sandbox was given: its mesh is faulty on purpose. */
  sandboxFault: string | undefined;
  kubernetes: string | undefined;
  /** `version` is the one observed, `declared` the one that the driver is for. */
  mesh: { name: string; version?: string; declared?: string; driver?: string; verified?: boolean | undefined };
  wallMs: number;
  interrupted: boolean;
  /** False when the evidence has no end: the run was killed, or is under way. */
  ended: boolean;
  fault: NonNullable<EndRecord['fault']> | undefined;
  /** Which run this one continues, and what it leaves open of it. */
  rerun: NonNullable<RunRecord['rerun']> | undefined;
  /** Records that are missing from the evidence, by their numbers. */
  missing: number;
  /** Records whose number another one had before. */
  repeated: number;
  verdicts: Record<Verdict, number>;
  suites: SuiteResult[];
  claims: ClaimResult[];
  declared: Declared;
  phases: PhaseResult[];
  changes: ChangeResult[];
  modes: ModeResult[];
  /** Switches of a mode that were made. */
  modeChanges: number;
  /** Of all attempts of all claims. */
  leaked: number;
  lost: number;
  /** Commands run in pods. */
  probes: number;
  /** Time in which a suite ran. */
  suitesMs: number;
  /** Time within the suites in which a change had not acted yet. */
  actingMs: number;
  /** Time within the suites in which samples were taken. */
  samplingMs: number;
  /** The rest of the suites' time. */
  overheadMs: number;
  environmentFaults: { cause: string; from: number; to: number | undefined }[];
  crashes: { pod: string; container: string; reason: string; restarts: number; excused: boolean }[];
  notes: { what: string; value: string; claim: string | undefined }[];
}

export interface SuiteResult {
  name: string;
  claims: number;
  /** Core claims that passed: without one, the suite is inconclusive. */
  corePassed: number;
  verdicts: Record<Verdict, number>;
}

/** Computes the result of a run, which may still be under way. */
export function summarise(records: EvidenceRecord[]): RunSummary {
  const run = last(records, 'run');
  const plan = last(records, 'plan');
  const end = last(records, 'end');
  const claims = claimResults(records);
  const phases = phaseResults(records);
  const changes = changeResults(records);
  const routes = only(records, 'expectation').flatMap((expectation) => expectation.routes);

  const leftOut = last(records, 'left-out');
  return {
    runId: run?.runId ?? '',
    version: run?.version ?? '',
    startedAt: run?.startedAt ?? '',
    seed: run?.seed ?? '',
    provider: plan?.provider ?? run?.choice?.provider ?? '',
    why: run?.choice?.why,
    sandboxFault: run?.choice?.sandboxFault,
    kubernetes: plan?.kubernetes,
    fault: end?.fault,
    rerun: run?.rerun,
    sandbox: plan?.sandbox ?? run?.choice?.sandbox ?? false,
    mesh:
      plan === undefined
        ? { name: run?.choice?.mesh ?? '', verified: run?.choice?.verified }
        : {
            name: plan.mesh.name,
            version: plan.mesh.observedVersion,
            declared: plan.mesh.declaredVersion,
            driver: plan.mesh.driver,
            verified: plan.mesh.verified,
          },
    wallMs: records.at(-1)?.at ?? 0,
    interrupted: end?.interrupted ?? false,
    ended: end !== undefined,
    ...numbersOf(records, leftOut?.observations ?? 0),
    verdicts: tally(claims.map(({ verdict }) => verdict)),
    suites: suiteResults(claims),
    claims,
    declared: declaredFeatures(records, claims),
    phases,
    changes,
    modes: modeResults(changes),
    modeChanges: changes.filter(({ mode }) => mode !== undefined).length,
    leaked: sum(routes.map(({ leaked }) => leaked)),
    lost: sum(routes.map(({ lost }) => lost)),
    probes: (leftOut?.probes ?? 0) + only(records, 'observation').filter(({ shared }) => !shared).length,
    ...suiteTimes(records, phases, changes),
    environmentFaults: only(records, 'environment-fault').map(({ cause, from, to }) => ({ cause, from, to })),
    crashes: only(records, 'crash').map(({ pod, container, reason, restarts, excused }) => ({
      pod,
      container,
      reason,
      restarts,
      excused,
    })),
    notes: only(records, 'note').map(({ what, value, claim }) => ({ what, value, claim })),
  };
}

/** @param leftOut observations that have numbers of their own and are not among the records */
function numbersOf(records: EvidenceRecord[], leftOut: number): Pick<RunSummary, 'missing' | 'repeated'> {
  const given = records.map(({ seq }) => seq).filter((seq) => seq > 0);
  const numbers = new Set(given);
  const highest = given.reduce((most, seq) => Math.max(most, seq), 0);
  const missing = highest - numbers.size - leftOut;
  return { missing: Math.max(0, missing), repeated: given.length - numbers.size + Math.max(0, -missing) };
}

function suiteResults(claims: ClaimResult[]): SuiteResult[] {
  return [...grouped(claims, ({ suite }) => suite)].map(([name, own]) => ({
    name,
    claims: own.length,
    corePassed: own.filter(({ level, verdict }) => level === 'core' && verdict === 'passed').length,
    verdicts: tally(own.map(({ verdict }) => verdict)),
  }));
}

function suiteTimes(records: EvidenceRecord[], phases: PhaseResult[], changes: ChangeResult[]) {
  const suites = phases.filter(({ phase }) => phase === 'suite');
  // A stability check's sample began while other claims were judged; only the time that a claim waited counts.
  const samples = only(records, 'expectation').flatMap((own) =>
    own.sample === undefined ? [] : clipped([own.sample], [own]),
  );
  const acting = clipped(actingSpans(changes), suites);
  const sampling = clipped(samples, suites);
  const suitesMs = covered(suites);
  const actingMs = covered(acting);
  const busyMs = covered([...acting, ...sampling]);
  // Claims are judged side by side: while one takes its sample, another may wait for its change; that time counts once.
  return { suitesMs, actingMs, samplingMs: busyMs - actingMs, overheadMs: suitesMs - busyMs };
}

/** What became of the features that the driver declares the mesh to have. */
export interface Declared {
  /** Claims of the run need them, but none of those ran: a declared promise that nothing tested. */
  unshown: string[];
  /** No claim of the run needs them. */
  notChosen: string[];
}

export function declaredFeatures(records: EvidenceRecord[], claims: readonly ClaimResult[]): Declared {
  const supported = last(records, 'plan')?.mesh.supports ?? [];
  const needing = (feature: string) => claims.filter(({ features }) => features.includes(feature));
  return {
    unshown: supported.filter((feature) => {
      const own = needing(feature);
      return own.length > 0 && !own.some(({ verdict }) => wasRun(verdict));
    }),
    notChosen: supported.filter((feature) => needing(feature).length === 0),
  };
}

/** One phase of the run; one that never ended lasts until the last record. */
export interface PhaseResult extends Span {
  phase: PhaseName;
  what: string;
  ms: number;
  /** False when it failed, undefined when it never ended. */
  ok?: boolean;
}

export function phaseResults(records: EvidenceRecord[]): PhaseResult[] {
  const open: PhaseResult[] = [];
  const phases: PhaseResult[] = [];
  const now = records.at(-1)?.at ?? 0;
  for (const { phase, what, event, ok, ms, at } of only(records, 'phase')) {
    if (event === 'begin') {
      const begun = { phase, what, start: at, end: now, ms: now - at };
      open.push(begun);
      phases.push(begun);
      continue;
    }
    const begun = takeOpen(open, phase, what) ?? { phase, what, start: at - (ms ?? 0), end: at, ms: 0 };
    if (!phases.includes(begun)) phases.push(begun);
    begun.what = what;
    begun.end = at;
    begun.ms = ms ?? at - begun.start;
    begun.ok = ok ?? true;
  }
  return phases;
}
