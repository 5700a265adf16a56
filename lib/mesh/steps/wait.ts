import type { Manifest, ObjectRef } from '../../kube/cluster.ts';
import { ClusterError } from '../../kube/cluster.ts';
import type { WaitSpec, WaitStep } from '../driver.ts';
import { apiFault, MeshError } from '../errors.ts';
import { guardPods } from '../install/pods.ts';
import type { DoneStep, MeshContext } from '../mesh.ts';
import { awaited, deployment, objectName } from '../objects.ts';
import { expectVersion, guardVersion, versionsOf } from '../served.ts';
import { durationMs } from '../template.ts';

interface Wanted {
  ref: ObjectRef;
  satisfied(object: Manifest | undefined): boolean;
  /** For messages: `Deployment mesh/controller to exist`. */
  what: string;
}

/** Waits for what a driver's step names. @throws MeshError on a timeout, or if it can never come */
export async function waitStep({ wait, within }: WaitStep, context: MeshContext): Promise<DoneStep> {
  const timeoutMs = durationMs(within, context.timeoutScale);
  const { available, gone } = wait;
  if (available !== undefined) await waitAvailable(deployment(available), timeoutMs, context);
  else {
    const wanted = wantedBy(wait);
    // An object that the cluster serves in another version only would look as if it were gone.
    if (gone !== undefined) await expectVersion(gone, context);
    await guardVersion(wanted.ref, context, (guarded) => waitFor(wanted, timeoutMs, guarded));
  }
  return { wait };
}

function wantedBy(wait: WaitSpec): Wanted {
  const ref = awaited(wait) ?? wait.gone;
  if (ref === undefined) throw new RangeError('a wait without anything to wait for');
  if (wait.gone !== undefined) {
    return { ref, satisfied: (object) => object === undefined, what: `${objectName(ref)} to be gone` };
  }
  if (wait.exists !== undefined) return existing(ref);
  return { ref, satisfied: isEstablished, what: `${ref.name} to be established` };
}

export function existing(ref: ObjectRef): Wanted {
  return { ref, satisfied: (object) => object !== undefined, what: `${objectName(ref)} to exist` };
}

/**
 * Waits for the Deployment, then for its pods: their labels come from the Deployment, and their states end a wait that
 * cannot succeed.
 */
async function waitAvailable(ref: ObjectRef, timeoutMs: number, context: MeshContext): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const found = await waitFor(existing(ref), timeoutMs, context);
  const pods = { namespace: ref.namespace ?? '', labelSelector: selectorOf(found) };
  const left = Math.max(1, deadline - performance.now());
  const wanted: Wanted = { ref, satisfied: isAvailable, what: `${objectName(ref)} to be available` };
  await guardPods(context, pods, (guarded) => waitFor(wanted, left, guarded));
}

async function waitFor(
  { ref, satisfied, what }: Wanted,
  timeoutMs: number,
  context: MeshContext,
): Promise<Manifest | undefined> {
  try {
    return await context.cluster.wait(ref, satisfied, { timeoutMs, signal: context.signal, what });
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== 'timeout') throw apiFault(`waiting for ${what}`, error);
    const message = `timed out after ${Math.round(timeoutMs / 100) / 10} s waiting for ${what}`;
    if (!/ to (exist|be established)$/.test(what)) throw new MeshError('mesh', message);
    throw new MeshError('mesh', `${message}${await unknownKind(ref, context)}`, undefined, 'absence');
  }
}

/** A note if the cluster has no such kind at all, so that the object cannot exist. */
async function unknownKind(ref: ObjectRef, { cluster }: MeshContext): Promise<string> {
  const [group, version] = ref.apiVersion.split('/');
  if (version === undefined) return '';
  const versions = await versionsOf(ref, cluster).catch(() => undefined);
  return versions?.length === 0 ? `; the cluster has no kind ${ref.kind} in ${group}` : '';
}

function isAvailable(object: Manifest | undefined): boolean {
  if (object === undefined) return false;
  const { replicas = 1 } = (object['spec'] ?? {}) as { replicas?: number };
  const status = (object['status'] ?? {}) as Record<string, number | undefined>;
  const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  const isCurrent = observedGeneration >= Number(object.metadata['generation'] ?? 0);
  return isCurrent && updatedReplicas >= replicas && availableReplicas >= replicas && unavailableReplicas === 0;
}

function isEstablished(object: Manifest | undefined): boolean {
  // Right after its creation they are null.
  const { conditions } = (object?.['status'] ?? {}) as { conditions?: { type: string; status: string }[] | null };
  return (conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True');
}

function selectorOf(object: Manifest | undefined): string {
  const { selector } = (object?.['spec'] ?? {}) as { selector?: { matchLabels?: Record<string, string> } };
  return Object.entries(selector?.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
