import { setTimeout as pause } from 'node:timers/promises';
import type { PhaseName } from '../../lib/evidence/index.ts';
import { startRun } from '../lib/live-run.ts';
import { differences, lookAround } from '../lib/machine.ts';
import { phaseUnderWay, untilInPhase } from '../lib/phases.ts';
import { type Door, run } from '../lib/program.ts';
import { seconds } from '../lib/table.ts';
import type { Workshop } from '../lib/workshop.ts';

/** From the beginning of the phase to the signal, ms: long enough for the phase to be at work. */
const INTO_MS = 700;
/** From the first signal to the second, ms. */
const BETWEEN_MS = 300;
/** Longest that leaving at once may take, ms. */
const AT_ONCE_MS = 2_000;

export interface Interrupted {
  faults: string[];
  ms: number;
  remark: string;
}

/** Interrupts a run in a phase, as Ctrl-C does: it ends with 130, and leaves the machine as it was. */
export async function interruptIn(
  phase: PhaseName,
  words: readonly string[],
  workshop: Workshop,
  door: Door = 'bin',
): Promise<Interrupted> {
  const before = await lookAround(workshop);
  const live = await startRun(words, workshop.reports, { environment: workshop.environment, door });
  const isInTime = await untilInPhase(live, phase, INTO_MS);
  const signalled = performance.now();
  live.program.signal('SIGINT');
  const at = phaseUnderWay(live.records())?.phase;
  const { status, text } = await live.ended;
  const ms = performance.now() - signalled;
  const faults = differences(before, await lookAround(workshop), (name) => name.includes(live.id));
  if (!isInTime) faults.push('the run was over before');
  if (status !== 130) faults.push(`exits ${status}, not 130`);
  if (!live.records().some((record) => record.kind === 'end' && record.interrupted))
    faults.push('its evidence does not end');
  if (!text.includes('interrupted')) faults.push('it does not say that it was interrupted');
  return { faults, ms, remark: `in ${at ?? 'no phase'}, over ${seconds(ms)} s later` };
}

/** Interrupts twice: the program leaves at once and says what is left, and `clean` removes it. */
export async function interruptTwice(
  phase: PhaseName,
  words: readonly string[],
  workshop: Workshop,
): Promise<Interrupted> {
  const before = await lookAround(workshop);
  const live = await startRun(words, workshop.reports, { environment: workshop.environment });
  await untilInPhase(live, phase, INTO_MS);
  live.program.signal('SIGINT');
  await pause(BETWEEN_MS);
  const signalled = performance.now();
  live.program.signal('SIGINT');
  const { status, text } = await live.ended;
  const ms = performance.now() - signalled;
  const faults: string[] = [];
  if (status !== 130) faults.push(`exits ${status}, not 130`);
  if (ms > AT_ONCE_MS) faults.push(`leaves after ${Math.round(ms)} ms only`);
  if (!/left behind:.*meshproof/.test(text)) faults.push('it does not say what is left');
  const cleaned = await run(['clean'], { environment: workshop.environment });
  if (cleaned.status !== 0) faults.push(`clean exits ${cleaned.status}: ${cleaned.text}`);
  faults.push(...differences(before, await lookAround(workshop), (name) => name.includes(live.id)));
  return { faults, ms, remark: text.split('\n').find((line) => line.startsWith('left behind')) ?? '' };
}
