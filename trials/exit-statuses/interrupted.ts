import { setTimeout as pause } from 'node:timers/promises';
import type { PhaseName } from '../../lib/evidence/index.ts';
import { startRun } from '../lib/live-run.ts';
import { type LiveState, untilAsBefore } from '../lib/live-state.ts';
import { differences, lookAround, lookAroundWithoutEngine } from '../lib/machine.ts';
import { phaseUnderWay, untilInPhase } from '../lib/phases.ts';
import { type Door, run } from '../lib/program.ts';
import { seconds } from '../lib/table.ts';
import type { WorkFolder } from '../lib/work-folder.ts';

/** Default time from the beginning of the phase to the signal, ms: long enough for the phase to be under way. */
const INTO_MS = 700;
/** From the first signal to the second, ms. */
const BETWEEN_MS = 300;
/** Longest that stopping and cleaning up may take, ms. */
const STOP_MS = 20_000;
/** The same in the sandbox, ms. */
const SANDBOX_STOP_MS = 5_000;
/** Longest time from the second signal to the end, ms. */
const AT_ONCE_MS = 2_000;

export interface Interrupted {
  faults: string[];
  ms: number;
  remark: string;
}

export interface InterruptOptions {
  door?: Door;
  /** From the beginning of the phase to the signal, ms. */
  intoMs?: number;
  /** The run is in the sandbox, where nothing is slow to stop. */
  sandbox?: boolean;
  /** The reader of the output is gone when the signal comes, as in `meshproof run 2>&1 | tee log`. */
  unread?: boolean;
  /** The existing cluster that the run uses: its state before all runs, and a function that reads the state again. */
  live?: { before: LiveState; look: () => Promise<LiveState> };
}

/** Interrupts a run in a phase, as Ctrl-C does: it ends with 130, and leaves the machine as it was. */
export async function interruptIn(
  phase: PhaseName,
  words: readonly string[],
  workFolder: WorkFolder,
  { door = 'bin', intoMs = INTO_MS, sandbox = false, live: standing, unread = false }: InterruptOptions = {},
): Promise<Interrupted> {
  const look = sandbox ? lookAroundWithoutEngine : lookAround;
  const before = await look(workFolder);
  const live = await startRun(words, workFolder.reports, { environment: workFolder.environment, door });
  const isInTime = await untilInPhase(live, phase, intoMs);
  const signalled = performance.now();
  if (unread) live.program.hangUp();
  live.program.signal('SIGINT');
  const at = phaseUnderWay(live.records())?.phase;
  const { status: own, signal, text } = await live.ended;
  // npm waits for the program and then ends by the same signal, which a shell reports as 130.
  const status = door === 'npm' && signal === 'SIGINT' ? 130 : own;
  const ms = performance.now() - signalled;
  const faults = differences(before, await look(workFolder), (name) => name.includes(live.id));
  if (standing !== undefined) faults.push(...(await untilAsBefore(standing.before, standing.look)));
  if (ms > (sandbox ? SANDBOX_STOP_MS : STOP_MS)) faults.push(`ends only after ${Math.round(ms)} ms`);
  if (!isInTime) faults.push('the run was over before');
  if (status !== 130) faults.push(`exits ${status}, not 130`);
  if (!live.records().some((record) => record.kind === 'end' && record.interrupted))
    faults.push('its evidence does not end');
  if (!unread && !text.includes('interrupted')) faults.push('it does not say that it was interrupted');
  return { faults, ms, remark: `in ${at ?? 'no phase'}, over ${seconds(ms)} s later` };
}

/** Interrupts twice: the program ends at once and prints what it leaves, and `clean` removes it. */
export async function interruptTwice(
  phase: PhaseName,
  words: readonly string[],
  workFolder: WorkFolder,
): Promise<Interrupted> {
  const before = await lookAround(workFolder);
  const live = await startRun(words, workFolder.reports, { environment: workFolder.environment });
  await untilInPhase(live, phase, INTO_MS);
  live.program.signal('SIGINT');
  await pause(BETWEEN_MS);
  const signalled = performance.now();
  live.program.signal('SIGINT');
  const { status, text } = await live.ended;
  const ms = performance.now() - signalled;
  const faults: string[] = [];
  if (status !== 130) faults.push(`exits ${status}, not 130`);
  if (ms > AT_ONCE_MS) faults.push(`ends only ${Math.round(ms)} ms after the second signal`);
  if (!text.includes(`left behind: kind cluster meshproof-${live.id}`)) faults.push('it does not say what is left');
  const cleaned = await run(['clean'], { environment: workFolder.environment });
  if (cleaned.status !== 0) faults.push(`clean exits ${cleaned.status}: ${cleaned.text}`);
  faults.push(...differences(before, await lookAround(workFolder), (name) => name.includes(live.id)));
  return { faults, ms, remark: text.split('\n').find((line) => line.startsWith('left behind')) ?? '' };
}
