import type { Manifest } from '../../kube/cluster.ts';
import type { DriverSpec, Step } from '../driver.ts';
import { apiFault } from '../fault.ts';
import { type DoneStep, type MeshContext, MeshError, type ModeName } from '../mesh.ts';
import { doSteps } from '../steps/steps.ts';
import { fillingFor } from '../template/filling.ts';
import { contextValues, modesInInstall } from '../template/placeholders.ts';
import type { Values } from '../template/template.ts';
import { expectControlPlane } from './control-plane.ts';
import { guardPods } from './guard.ts';
import { lastWords } from './last-words.ts';
import { describePod, failedContainers, unscheduled } from './pods.ts';

/** Does a driver's installation with an eye on the control plane's pods. @throws MeshError with what those pods lack */
export async function install(
  spec: DriverSpec,
  modes: Partial<Record<ModeName, boolean>>,
  context: MeshContext,
): Promise<DoneStep[]> {
  const wanted = { permissive: true, egress: true, ...modes };
  const filling = fillingFor(spec, context.sets, { ...contextValues(context), ...modeWords(spec, wanted) });
  const work = async (guarded: MeshContext) => {
    const done = await doSteps(spec.install, filling, guarded, 'install');
    await expectControlPlane(spec, guarded);
    for (const { field, steps } of stepsForModes(spec, wanted)) {
      done.push(...(await doSteps(steps, filling, guarded, field)));
    }
    return done;
  };
  const namespace = spec.controlPlane?.namespace;
  if (namespace === undefined) return work(context);

  // Pods of an earlier installation that failed are not this one's.
  const old = await podsOf(namespace, context);
  const except = new Set(old.map(({ metadata }) => metadata.uid ?? ''));
  return guardPods(context, { namespace, except }, async (guarded) => {
    try {
      return await work(guarded);
    } catch (error) {
      // That the driver is for another version is no matter of pods.
      if (!(error instanceof MeshError) || error.about === 'version' || guarded.signal.aborted) throw error;
      throw await explained(error, await podsOf(namespace, context), context);
    }
  });
}

/** What `{{modes.NAME}}` stands for: the installer's own words, where the driver has them. */
function modeWords({ modes }: DriverSpec, wanted: Record<ModeName, boolean>): Values {
  const word = (name: ModeName): string | boolean => modes[name]?.words?.[wanted[name] ? 'on' : 'off'] ?? wanted[name];
  return { 'modes.permissive': word('permissive'), 'modes.egress': word('egress') };
}

/** The switches that follow an installation which does not set all modes itself. */
function stepsForModes(spec: DriverSpec, wanted: Record<ModeName, boolean>): { field: string; steps: Step[] }[] {
  const set = modesInInstall(spec);
  return (['permissive', 'egress'] as const)
    .filter((name) => !set.has(name))
    .map((name) => {
      const side = wanted[name] ? 'on' : 'off';
      return { field: `modes.${name}.${side}`, steps: spec.modes[name]?.[side] ?? [] };
    });
}

async function podsOf(namespace: string, { cluster }: MeshContext): Promise<Manifest[]> {
  try {
    return await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
  } catch (error) {
    throw apiFault(`looking at the pods of ${namespace}`, error);
  }
}

/** An installer's own words seldom say which pod it waited for, and hardly ever why that one failed. */
async function explained(error: MeshError, pods: readonly Manifest[], context: MeshContext): Promise<MeshError> {
  const states = await Promise.all(
    pods.map(async (pod) => `\n  ${describePod(pod)}${(await wordsOf(pod, context)).replaceAll('\n', '\n    ')}`),
  );
  const nowhere = pods.some((pod) => unscheduled(pod) !== undefined);
  const message = `${error.message}${pods.length === 0 ? '' : `\npods:${states.join('')}`}`;
  return new MeshError(nowhere ? 'environment' : error.whose, message, error.remedy, error.about);
}

async function wordsOf(pod: Manifest, { cluster }: MeshContext): Promise<string> {
  const words = await Promise.all(
    failedContainers(pod).map(async (name) => `\nlast words of ${name}:\n${await lastWords(cluster, pod, name)}`),
  );
  return words.join('');
}
