import { type AttemptRecord, type Diagnosis, VERDICTS, type Verdict, type VerdictRecord } from '../evidence/index.ts';
import { ClusterError } from '../kube/cluster.ts';
import { MeshError } from '../mesh/errors.ts';

/** Something that is not the mesh's went wrong while a claim was judged. What was seen does not count; the claim restarts. */
export class EnvironmentFault extends Error {
  override name = 'EnvironmentFault';
}

/** The mesh did not do what the claim says. The message is for people. */
export class Unmet extends Error {
  override name = 'Unmet';
}

/** The claim cannot be judged: the harness or the suite is at fault, or the environment did not recover. */
export class Inconclusive extends Error {
  override name = 'Inconclusive';
}

/** The run is being ended: by a person, a deadline, or --fail-fast. */
export class Aborted extends Error {
  override name = 'Aborted';
}

export type Judgement = Pick<VerdictRecord, 'verdict' | 'reason' | keyof Diagnosis>;

/** The verdict of an attempt by itself. */
export function attemptVerdict(error: Error | undefined): AttemptRecord['verdict'] {
  if (error === undefined) return 'passed';
  if (error instanceof Unmet) return 'failed';
  return error instanceof Aborted ? 'not-run' : 'inconclusive';
}

/** The verdict of a claim with this attempt. */
export function verdictOf(error: Error | undefined, attempt: number): Verdict {
  const own = attemptVerdict(error);
  if (attempt === 1) return own;
  // A second attempt that is inconclusive does not take the failure of the first one back.
  return own === 'passed' ? 'flaky' : 'failed';
}

/** @param failures why earlier attempts failed */
export function reasonOf(failures: readonly string[], error: Error | undefined): string {
  return [...failures, ...(error === undefined ? [] : [error.message])].join('; tried again: ');
}

export function worse(one: Judgement | undefined, other: Judgement): Judgement {
  return one !== undefined && VERDICTS.indexOf(one.verdict) > VERDICTS.indexOf(other.verdict) ? one : other;
}

/**
 * What an error in a step of a claim means for it.
 * @param signal ends the attempt
 */
export function errorOf(error: unknown, signal: AbortSignal): Error {
  if (isKnown(error)) return error;
  if (signal.aborted) return isKnown(signal.reason) ? signal.reason : new Aborted(ENDING);
  return mayPass(error) ? new EnvironmentFault(messageOf(error)) : new Inconclusive(messageOf(error));
}

function isKnown(error: unknown): error is Error {
  return [Unmet, EnvironmentFault, Inconclusive, Aborted].some((known) => error instanceof known);
}

export const ENDING = 'the run is being ended';

/** Whether an error of the API or of a driver's step may be gone at the next attempt. */
function mayPass(error: unknown): boolean {
  if (error instanceof ClusterError) return !['invalid', 'forbidden', 'not-found'].includes(error.code);
  return error instanceof MeshError && error.whose === 'environment' && error.about === undefined;
}

export async function caught(act: () => Promise<void>): Promise<Error | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Inconclusive(String(error));
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
