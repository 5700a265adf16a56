import { ClusterError } from '../../kube/cluster.ts';
import { redactValue } from '../../words/index.ts';
import type { Attempt, Step } from '../driver.ts';
import { apiFault, MeshError } from '../errors.ts';
import type { DoneStep, MeshContext } from '../mesh.ts';
import { expectVersion } from '../served.ts';
import { type Filling, fill } from '../template.ts';
import { runStep } from './run.ts';
import { waitStep } from './wait.ts';

/**
 * Does a driver's steps, one after another, with their placeholders filled in.
 *
 * @param field of the driver that holds them, for messages: `install`
 * @returns each step as it was done, with its time in ms, without secrets
 * @throws MeshError at the first step that fails, naming it; the rest is not done
 */
export async function doSteps(
  steps: readonly Step[],
  filling: Filling,
  context: MeshContext,
  field: string,
): Promise<DoneStep[]> {
  const done: DoneStep[] = [];
  for (const [index, template] of steps.entries()) {
    const begin = performance.now();
    const step = await doStep(fill(template, filling), context).catch((error: unknown) => {
      if (!(error instanceof MeshError)) throw error;
      throw new MeshError(error.whose, `${field}[${index}]: ${error.message}`, error.remedy, error.about);
    });
    done.push({ ...redactValue(step), ms: Math.round(performance.now() - begin) });
  }
  return done;
}

/** Sends a change to the API. @throws ClusterError as the API answers; MeshError for a kind of another version */
export async function attempt(step: Attempt, context: MeshContext): Promise<void> {
  try {
    if ('apply' in step) await context.cluster.apply(step.apply);
    else await context.cluster.patch(step.patch, step.merge);
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'not-found') {
      await expectVersion('apply' in step ? step.apply : step.patch, context);
    }
    throw error;
  }
}

async function doStep(step: Step, context: MeshContext): Promise<DoneStep> {
  if ('run' in step) return runStep(step, context);
  if ('wait' in step) return waitStep(step, context);
  try {
    if ('delete' in step) {
      // The deletion would miss an object that the cluster serves in another version only.
      await expectVersion(step.delete, context);
      await context.cluster.delete(step.delete);
    } else await attempt(step, context);
  } catch (error) {
    throw apiFault(undefined, error);
  }
  return { ...step };
}
