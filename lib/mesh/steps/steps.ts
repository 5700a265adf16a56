import { ClusterError } from '../../kube/cluster.ts';
import { redactValue } from '../../words/index.ts';
import type { ApplyStep, Attempt, DeleteStep, RunStep, Step, WaitStep } from '../driver.ts';
import { apiFault } from '../fault.ts';
import { type DoneStep, type MeshContext, MeshError } from '../mesh.ts';
import { expectVersion } from '../served.ts';
import { type Filling, fill } from '../template/template.ts';
import { runStep } from './step-run.ts';
import { waitStep } from './step-wait.ts';

/**
 * Does a driver's steps, one after another, with their placeholders filled in.
 *
 * @param field of the driver that they stand in, for messages: `install`
 * @returns each step as it was done, with its time in ms, secrets left out
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
    if (isApply(step)) await context.cluster.apply(step.apply);
    else await context.cluster.patch(step.patch, step.merge);
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'not-found') {
      await expectVersion(isApply(step) ? step.apply : step.patch, context);
    }
    throw error;
  }
}

async function doStep(step: Step, context: MeshContext): Promise<DoneStep> {
  if (isRun(step)) return runStep(step, context);
  if (isWait(step)) return waitStep(step, context);
  try {
    // One that is served in another version only would be left where it is.
    if (isDelete(step)) {
      await expectVersion(step.delete, context);
      await context.cluster.delete(step.delete);
    } else await attempt(step, context);
  } catch (error) {
    throw apiFault(undefined, error);
  }
  return { ...step };
}

const isRun = (step: Step): step is RunStep => 'run' in step;
const isWait = (step: Step): step is WaitStep => 'wait' in step;
const isDelete = (step: Step): step is DeleteStep => 'delete' in step;
const isApply = (step: Attempt): step is ApplyStep => 'apply' in step;
