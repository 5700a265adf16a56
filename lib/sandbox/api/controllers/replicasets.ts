/** Keeps as many pods as each ReplicaSet asks for. */
import type { Manifest } from '../../contract.ts';
import { at, copy, type Fields, fieldsOf, numberOf, textOf } from '../json.ts';
import { type Core, internally, stored } from '../objects/core.ts';
import { create } from '../objects/create.ts';
import { remove } from '../objects/delete.ts';
import { amend } from '../objects/update.ts';
import { recordEvent } from './events.ts';
import { createQueue } from './queue.ts';
import { controlledBy, controllerOf, isTrue, keyOf, ownedBy, parseKey } from './shared.ts';

const storage = 'replicasets.apps';
const component = 'replicaset-controller';

export function runReplicaSets(core: Core): void {
  const { store, registry } = core;
  const pods = registry.builtin('pods');
  const sets = registry.builtin(storage);
  const add = createQueue((key) => {
    const set = stored(core, sets, ...parseKey(key));
    if (set === undefined) return;
    if (set.metadata.deletionTimestamp === undefined) scale(set);
    report(set);
  });

  function scale(set: Manifest): void {
    const active = activePods(core, set);
    const wanted = numberOf(at(set, 'spec', 'replicas'));
    for (let missing = wanted - active.length; missing > 0; missing -= 1) addPod(set);
    for (const pod of active.sort(byDispensability).slice(0, Math.max(0, active.length - wanted))) {
      const message = `Deleted pod: ${pod.metadata.name}`;
      recordEvent(core, set, { type: 'Normal', reason: 'SuccessfulDelete', message, component });
      remove(core, pods, pod);
    }
  }

  function addPod(set: Manifest): void {
    const template = fieldsOf(at(set, 'spec', 'template'));
    const metadata = fieldsOf(template['metadata']);
    const pod = {
      metadata: {
        generateName: `${set.metadata.name}-`,
        ...(metadata['labels'] === undefined ? {} : { labels: metadata['labels'] }),
        ...(metadata['annotations'] === undefined ? {} : { annotations: metadata['annotations'] }),
        ownerReferences: [controlledBy(set)],
      },
      spec: template['spec'],
    };
    try {
      const made = create(core, pods, set.metadata.namespace ?? '', copy(pod) as Fields, internally);
      const message = `Created pod: ${made.metadata.name}`;
      recordEvent(core, set, { type: 'Normal', reason: 'SuccessfulCreate', message, component });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      recordEvent(core, set, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${why}`, component });
      throw error;
    }
  }

  function report(set: Manifest): void {
    const active = activePods(core, set);
    const ready = active.filter((pod) => isTrue(at(pod, 'status', 'conditions'), 'Ready')).length;
    amend(core, sets, set.metadata, (draft) => {
      draft['status'] = {
        replicas: active.length,
        readyReplicas: ready,
        availableReplicas: ready,
        observedGeneration: set.metadata.generation,
      };
    });
  }

  store.subscribe(storage, ({ object }) => add(keyOf(object)));
  store.subscribe('pods', ({ object }) => {
    const owner = controllerOf(object);
    if (owner?.kind === 'ReplicaSet') add(`${object.metadata.namespace}/${owner.name}`);
  });
}

/** The set's pods that are neither being deleted nor ended. */
function activePods(core: Core, set: Manifest): Manifest[] {
  return ownedBy(core, 'pods', set).filter((pod) => {
    const phase = textOf(at(pod, 'status', 'phase'));
    return pod.metadata.deletionTimestamp === undefined && phase !== 'Succeeded' && phase !== 'Failed';
  });
}

/** Orders pods for deletion: first those that are not ready, then the youngest. */
function byDispensability(a: Manifest, b: Manifest): number {
  const ready = (pod: Manifest): number => (isTrue(at(pod, 'status', 'conditions'), 'Ready') ? 1 : 0);
  return ready(a) - ready(b) || Number(b.metadata.resourceVersion) - Number(a.metadata.resourceVersion);
}
