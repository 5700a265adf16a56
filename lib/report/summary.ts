import type { EvidenceRecord, PhaseName } from '../evidence/index.ts';
import { actingSpans, type ChangeResult, changeResults, modeResults } from './changes.ts';
import { type ClaimResult, claimResults, deviations } from './claims.ts';
import { clipped, covered, grouped, last, only, type Span, takeOpen } from './records.ts';
import { tally, wasRun } from './verdicts.ts';

/** The result of a run. */
export type RunSummary = ReturnType<typeof summarise>;

/** Computes the result of a run, which may still be under way, from its evidence. All times in ms. */
export function summarise(records: EvidenceRecord[]) {
  const run = last(records, 'run');
  const choice = run?.choice;
  const plan = last(records, 'plan');
  const end = last(records, 'end');
  const leftOut = last(records, 'left-out');
  const claims = claimResults(records);
  const phases = phaseResults(records);
  const changes = changeResults(records);
  return {
    runId: run?.runId ?? '',
    /** Of the harness. */
    version: run?.version ?? '',
    startedAt: run?.startedAt ?? '',
    seed: run?.seed ?? '',
    provider: plan?.provider ?? choice?.provider ?? '',
    /** Why this provider and this mesh. */
    why: choice?.why,
    /** The fault that the sandbox was given: its mesh is faulty on purpose. */
    sandboxFault: choice?.sandboxFault,
    kubernetes: plan?.kubernetes,
    fault: end?.fault,
    /** Which run this one continues, and what it leaves open of it. */
    rerun: run?.rerun,
    /** True: such a run says nothing about a real mesh. */
    sandbox: plan?.sandbox ?? choice?.sandbox ?? false,
    mesh: {
      name: plan?.mesh.name ?? choice?.mesh ?? '',
      /** The one that was observed. */
      version: plan?.mesh.observedVersion,
      /** The one that the driver is for. */
      declared: plan?.mesh.declaredVersion,
      driver: plan?.mesh.driver,
      verified: plan === undefined ? choice?.verified : plan.mesh.verified,
    },
    wallMs: records.at(-1)?.at ?? 0,
    interrupted: end?.interrupted ?? false,
    /** False when the evidence has no end: the run was killed, or is under way. */
    ended: end !== undefined,
    ...numbersOf(records, leftOut?.observations ?? 0),
    verdicts: tally(claims),
    suites: [...grouped(claims, ({ suite }) => suite)].map(([name, own]) => ({
      name,
      claims: own.length,
      /** Core claims that passed: without one, the suite is inconclusive. */
      corePassed: own.filter(({ level, verdict }) => level === 'core' && verdict === 'passed').length,
      verdicts: tally(own),
    })),
    claims,
    declared: declaredFeatures(plan?.mesh.supports ?? [], claims),
    phases,
    changes,
    modes: modeResults(changes),
    /** Switches of a mode that were made. */
    modeChanges: changes.filter(({ mode }) => mode !== undefined).length,
    /** Of all attempts at all claims. */
    ...deviations(only(records, 'expectation')),
    /** Commands run in pods. */
    probes: (leftOut?.probes ?? 0) + only(records, 'observation').filter(({ shared }) => !shared).length,
    ...suiteTimes(records, phases, changes),
    environmentFaults: only(records, 'environment-fault').map(({ cause, from, to }) => ({ cause, from, to })),
    crashes: only(records, 'crash').map(({ seq: _, at: __, kind: ___, ...crash }) => crash),
    notes: only(records, 'note').map(({ what, value, claim }) => ({ what, value, claim })),
  };
}

/**
 * Records that are missing by their numbers, and records whose number another one had before.
 * @param leftOut observations that have numbers of their own and are not among the records
 */
function numbersOf(records: EvidenceRecord[], leftOut: number): { missing: number; repeated: number } {
  const given = records.map(({ seq }) => seq).filter((seq) => seq > 0);
  const numbers = new Set(given);
  const highest = given.reduce((most, seq) => Math.max(most, seq), 0);
  const missing = highest - numbers.size - leftOut;
  return { missing: Math.max(0, missing), repeated: given.length - numbers.size + Math.max(0, -missing) };
}

/** Where the time of the suites went. Claims are judged side by side, and what several do at once counts once. */
function suiteTimes(records: EvidenceRecord[], phases: PhaseResult[], changes: ChangeResult[]) {
  const suites = phases.filter(({ phase }) => phase === 'suite');
  // A stability check's sample began while other claims were judged; only the time that a claim waited counts.
  const samples = only(records, 'expectation').flatMap((own) =>
    own.sample === undefined ? [] : clipped([own.sample], [own]),
  );
  const acting = clipped(actingSpans(changes), suites);
  const suitesMs = covered(suites);
  const actingMs = covered(acting);
  const busyMs = covered([...acting, ...clipped(samples, suites)]);
  return {
    suitesMs,
    /** In which a change had not acted yet. */
    actingMs,
    /** In which samples were taken, and no change was awaited. */
    samplingMs: busyMs - actingMs,
    /** The rest. */
    overheadMs: suitesMs - busyMs,
  };
}

/** What became of the features that the driver declares the mesh to have. */
function declaredFeatures(supported: string[], claims: readonly ClaimResult[]) {
  const needing = (feature: string) => claims.filter(({ features }) => features.includes(feature));
  return {
    /** Claims of the run need them, but none of those ran: a declared promise that nothing tested. */
    unshown: supported.filter((feature) => {
      const own = needing(feature);
      return own.length > 0 && !own.some(({ verdict }) => wasRun(verdict));
    }),
    /** No claim of the run needs them. */
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

function phaseResults(records: EvidenceRecord[]): PhaseResult[] {
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
    Object.assign(begun, { what, end: at, ms: ms ?? at - begun.start, ok: ok ?? true });
  }
  return phases;
}
