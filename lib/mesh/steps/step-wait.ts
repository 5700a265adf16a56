import type { Manifest, ObjectRef } from '../../kube/cluster.ts';
import { ClusterError } from '../../kube/cluster.ts';
import type { WaitSpec, WaitStep } from '../driver.ts';
import { apiFault } from '../fault.ts';
import { guardPods } from '../install/guard.ts';
import { type DoneStep, type MeshContext, MeshError } from '../mesh.ts';
import { expectVersion, guardVersion, versionsOf } from '../served.ts';
import { durationMs } from '../template/duration.ts';

type Satisfied = (object: Manifest | undefined) => boolean;

/** Waits for what a driver's step names. @throws MeshError when it has not come in time, or never can */
export async function waitStep({ wait, within }: WaitStep, context: MeshContext): Promise<DoneStep> {
  const timeoutMs = durationMs(within, context.timeoutScale);
  if (wait.available !== undefined) await waitAvailable(wait.available, timeoutMs, context);
  else {
    const { ref, satisfied, what } = simpleWait(wait);
    // One that is served in another version only would seem to be gone.
    if (wait.gone !== undefined) await expectVersion(ref, context);
    await guardVersion(ref, context, (guarded) => waitFor(guarded, ref, satisfied, timeoutMs, what));
  }
  return { wait };
}

function simpleWait(wait: WaitSpec): { ref: ObjectRef; satisfied: Satisfied; what: string } {
  if (wait.established !== undefined) {
    const ref = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: wait.established };
    return { ref, satisfied: isEstablished, what: `${wait.established} to be established` };
  }
  if (wait.exists !== undefined) {
    return { ref: wait.exists, satisfied: (object) => object !== undefined, what: `${nameOf(wait.exists)} to exist` };
  }
  if (wait.gone !== undefined) {
    return { ref: wait.gone, satisfied: (object) => object === undefined, what: `${nameOf(wait.gone)} to be gone` };
  }
  throw new RangeError('a wait without anything to wait for');
}

/** First for the Deployment, then for its pods, by whose labels it can be seen whether they ever come up. */
async function waitAvailable(
  target: { namespace: string; name: string },
  timeoutMs: number,
  context: MeshContext,
): Promise<void> {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', ...target };
  const deadline = performance.now() + timeoutMs;
  const deployment = await waitFor(
    context,
    ref,
    (object) => object !== undefined,
    timeoutMs,
    `${nameOf(ref)} to exist`,
  );
  const pods = { namespace: target.namespace, labelSelector: selectorOf(deployment) };
  const left = Math.max(1, deadline - performance.now());
  const what = `${nameOf(ref)} to be available`;
  await guardPods(context, pods, (guarded) => waitFor(guarded, ref, isAvailable, left, what));
}

async function waitFor(
  context: MeshContext,
  ref: ObjectRef,
  satisfied: Satisfied,
  timeoutMs: number,
  what: string,
): Promise<Manifest | undefined> {
  try {
    return await context.cluster.wait(ref, satisfied, { timeoutMs, signal: context.signal, what });
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== 'timeout') throw apiFault(`waiting for ${what}`, error);
    const message = `waited ${Math.round(timeoutMs / 100) / 10} s in vain for ${what}`;
    if (!/ to (exist|be established)$/.test(what)) throw new MeshError('mesh', message);
    throw new MeshError('mesh', `${message}${await unknownKind(ref, context)}`, undefined, 'absence');
  }
}

/** Says so where the cluster has no such kind at all: then nobody could have made the object. */
async function unknownKind(ref: ObjectRef, { cluster }: MeshContext): Promise<string> {
  const [group, version] = ref.apiVersion.split('/');
  if (version === undefined) return '';
  const versions = await versionsOf(ref, cluster).catch(() => undefined);
  return versions?.length === 0 ? `; the cluster has no kind ${ref.kind} in ${group}` : '';
}

function isAvailable(deployment: Manifest | undefined): boolean {
  if (deployment === undefined) return false;
  const { replicas = 1 } = (deployment['spec'] ?? {}) as { replicas?: number };
  const status = (deployment['status'] ?? {}) as Record<string, number | undefined>;
  const observed = status['observedGeneration'] ?? 0;
  return (
    observed >= Number(deployment.metadata['generation'] ?? 0) &&
    (status['updatedReplicas'] ?? 0) >= replicas &&
    (status['availableReplicas'] ?? 0) >= replicas &&
    (status['unavailableReplicas'] ?? 0) === 0
  );
}

function isEstablished(definition: Manifest | undefined): boolean {
  // Right after its creation they are null.
  const { conditions } = (definition?.['status'] ?? {}) as { conditions?: { type: string; status: string }[] | null };
  return (conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True');
}

function selectorOf(deployment: Manifest | undefined): string {
  const { selector } = (deployment?.['spec'] ?? {}) as { selector?: { matchLabels?: Record<string, string> } };
  return Object.entries(selector?.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function nameOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
