import type { Manifest } from '../cluster/cluster.ts';
import type { DriverSpec } from './driver.ts';
import { apiFault } from './fault.ts';
import { guardPods } from './guard.ts';
import { type DoneStep, type MeshContext, MeshError, type ModeName } from './mesh.ts';
import { describePod, unscheduled } from './pods.ts';
import { doSteps } from './steps.ts';

/** Does a driver's installation with an eye on the control plane's pods. @throws MeshError with what those pods lack */
export async function install(
  spec: DriverSpec,
  modes: Partial<Record<ModeName, boolean>>,
  context: MeshContext,
): Promise<DoneStep[]> {
  const { permissive = true, egress = true } = modes;
  const values = { kubeconfig: context.kubeconfig, 'modes.permissive': permissive, 'modes.egress': egress };
  const work = (guarded: MeshContext) => doSteps(spec.install, { values, sets: context.sets }, guarded);
  const namespace = spec.controlPlane?.namespace;
  if (namespace === undefined) return work(context);

  // Pods of an earlier installation that failed are not this one's.
  const old = await podsOf(namespace, context);
  const except = new Set(old.map(({ metadata }) => metadata.uid ?? ''));
  return guardPods(context, { namespace, except }, async (guarded) => {
    try {
      return await work(guarded);
    } catch (error) {
      if (!(error instanceof MeshError) || guarded.signal.aborted) throw error;
      throw explained(error, await podsOf(namespace, context));
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

/** An installer's own words seldom say which pod it waited for. */
function explained({ whose, message, remedy }: MeshError, pods: readonly Manifest[]): MeshError {
  const states = pods.map((pod) => `\n  ${describePod(pod)}`).join('');
  const nowhere = pods.some((pod) => unscheduled(pod) !== undefined);
  return new MeshError(nowhere ? 'environment' : whose, `${message}${states === '' ? '' : `\npods:${states}`}`, remedy);
}
