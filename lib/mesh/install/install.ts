import type { Manifest } from '../../kube/cluster.ts';
import type { DriverSpec, Step } from '../driver.ts';
import { apiFault, MeshError } from '../errors.ts';
import { type DoneStep, type MeshContext, type ModeName, modeNames } from '../mesh.ts';
import { doSteps } from '../steps/steps.ts';
import { contextValues, fillingFor, modesInInstall } from '../template.ts';
import { expectControlPlane } from './control-plane.ts';
import { describePod, failedContainers, guardPods, lastWords, unscheduled } from './pods.ts';

/** Runs a driver's installation and observes the control plane's pods. @throws MeshError with what those pods lack */
export async function install(
  spec: DriverSpec,
  modes: Partial<Record<ModeName, boolean>>,
  context: MeshContext,
): Promise<DoneStep[]> {
  const sides = modeNames.map((name) => ({ name, side: (modes[name] ?? true) ? ('on' as const) : ('off' as const) }));
  // The installer's own words, if the driver has them.
  const words = sides.map(({ name, side }) => [`modes.${name}`, spec.modes[name]?.words?.[side] ?? side === 'on']);
  const filling = fillingFor(spec, context.sets, { ...contextValues(context), ...Object.fromEntries(words) });
  const inInstall = modesInInstall(spec);
  const work = async (guarded: MeshContext) => {
    const done = await doSteps(spec.install, filling, guarded, 'install');
    await expectControlPlane(spec, guarded);
    for (const { name, side } of sides) {
      const steps: Step[] = inInstall.includes(name) ? [] : (spec.modes[name]?.[side] ?? []);
      done.push(...(await doSteps(steps, filling, guarded, `modes.${name}.${side}`)));
    }
    return done;
  };
  const namespace = spec.controlPlane?.namespace;
  if (namespace === undefined) return work(context);

  // Ignore pods of an earlier installation that failed.
  const old = await podsOf(namespace, context);
  const except = new Set(old.map(({ metadata }) => metadata.uid ?? ''));
  return guardPods(context, { namespace, except }, async (guarded) => {
    try {
      return await work(guarded);
    } catch (error) {
      // The pods do not explain that the driver is for another version.
      if (!(error instanceof MeshError) || error.about === 'version' || guarded.signal.aborted) throw error;
      throw await explained(error, await podsOf(namespace, context), context);
    }
  });
}

async function podsOf(namespace: string, { cluster }: MeshContext): Promise<Manifest[]> {
  try {
    return await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
  } catch (error) {
    throw apiFault(`looking at the pods of ${namespace}`, error);
  }
}

/**
 * Adds the states of the pods: an installer seldom says which pod it waited for, and hardly ever why that one failed.
 */
async function explained(error: MeshError, pods: readonly Manifest[], context: MeshContext): Promise<MeshError> {
  const states = await Promise.all(
    pods.map(async (pod) => `\n  ${describePod(pod)}${(await logsOf(pod, context)).replaceAll('\n', '\n    ')}`),
  );
  const message = `${error.message}${pods.length === 0 ? '' : `\npods:${states.join('')}`}`;
  const isUnscheduled = pods.some((pod) => unscheduled(pod) !== undefined);
  return new MeshError(isUnscheduled ? 'environment' : error.whose, message, error.remedy, error.about);
}

async function logsOf(pod: Manifest, { cluster }: MeshContext): Promise<string> {
  const logs = await Promise.all(
    failedContainers(pod).map(async (name) => `\nend of the log of ${name}:\n${await lastWords(cluster, pod, name)}`),
  );
  return logs.join('');
}
