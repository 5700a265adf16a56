/**
 * Keeps the pods of each Deployment, by way of one ReplicaSet. A new template replaces all pods at once, as the strategy
 * Recreate does, whatever strategy the Deployment names.
 */
import { createHash } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { at, copy, type Fields, fieldsOf, numberOf, same, textOf } from '../json.ts';
import type { Core } from '../objects/core.ts';
import { remove } from '../objects/delete.ts';
import { amend, create } from '../objects/write.ts';
import { recordEvent } from './events.ts';
import { controlledBy, controllerOf, createQueue, isTrue, keyOf, ownedBy, parseKey } from './shared.ts';

const storage = 'deployments.apps';
const setStorage = 'replicasets.apps';
const hashLabel = 'pod-template-hash';

export function runDeployments(core: Core): void {
  const { store, registry } = core;
  const add = createQueue((key) => {
    const deployment = store.get(storage, ...parseKey(key));
    if (deployment === undefined) return;
    try {
      if (deployment.metadata.deletionTimestamp === undefined) replacePods(deployment);
    } finally {
      report(deployment);
    }
  });

  function replacePods(deployment: Manifest): void {
    const sets = ownedBy(core, setStorage, deployment);
    const current = sets.find((set) => isCurrent(set, deployment));
    const old = sets.filter((set) => set !== current);
    for (const set of old) scale(set, 0);
    // No new pod starts before the last old one is gone.
    if (old.some((set) => ownedBy(core, 'pods', set).length > 0)) return;
    for (const set of old) remove(core, setStorage, set);
    scale(current ?? makeSet(deployment), numberOf(at(deployment, 'spec', 'replicas')));
  }

  function makeSet(deployment: Manifest): Manifest {
    const { name, namespace = '' } = deployment.metadata;
    const template = copy(fieldsOf(at(deployment, 'spec', 'template')));
    const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
    const metadata = fieldsOf(template['metadata']);
    const labels = { ...fieldsOf(metadata['labels']), [hashLabel]: hash };
    const selector = fieldsOf(at(deployment, 'spec', 'selector'));
    const matchLabels = { ...fieldsOf(selector['matchLabels']), [hashLabel]: hash };
    return create(core, registry.builtin(setStorage), namespace, {
      metadata: { name: `${name}-${hash}`, labels, ownerReferences: [controlledBy(deployment)] },
      spec: {
        replicas: 0,
        selector: { ...selector, matchLabels },
        template: { ...template, metadata: { ...metadata, labels } },
      },
    });
  }

  function scale(set: Manifest, replicas: number): void {
    amend(core, setStorage, set.metadata, (draft) => {
      draft['spec'] = { ...fieldsOf(draft['spec']), replicas };
    });
    const active = activePods(core, set);
    for (const pod of active.slice(replicas)) remove(core, 'pods', pod);
    for (let missing = replicas - active.length; missing > 0; missing -= 1) addPod(set);
  }

  function addPod(set: Manifest): void {
    const { metadata, spec } = fieldsOf(at(set, 'spec', 'template'));
    const { labels, annotations } = fieldsOf(metadata);
    const generateName = `${set.metadata.name}-`;
    const pod = { metadata: { generateName, labels, annotations, ownerReferences: [controlledBy(set)] }, spec };
    try {
      create(core, registry.builtin('pods'), set.metadata.namespace ?? '', copy(pod));
    } catch (error) {
      const message = `Error creating: ${error instanceof Error ? error.message : error}`;
      recordEvent(core, set, { type: 'Warning', reason: 'FailedCreate', message, component: 'replicaset-controller' });
      throw error;
    }
  }

  function report(deployment: Manifest): void {
    const sets = ownedBy(core, setStorage, deployment);
    for (const set of sets)
      amend(core, setStorage, set.metadata, (draft) => {
        draft['status'] = { ...countsOf(core, [set]), observedGeneration: set.metadata.generation };
      });
    const updated = sets.filter((set) => isCurrent(set, deployment));
    amend(core, storage, deployment.metadata, (draft) => {
      draft['status'] = deploymentStatus(draft, countsOf(core, sets), countsOf(core, updated));
    });
  }

  store.subscribe(storage, ({ object }) => add(keyOf(object.metadata)));
  const addOwnerOf = (set: Manifest | undefined): void => {
    const owner = controllerOf(set);
    if (owner !== undefined) add(`${set?.metadata.namespace}/${owner.name}`);
  };
  store.subscribe(setStorage, ({ type, object }) => {
    if (type === 'DELETED') addOwnerOf(object);
  });
  store.subscribe('pods', ({ object }) => {
    const { namespace = '' } = object.metadata;
    addOwnerOf(store.get(setStorage, namespace, textOf(controllerOf(object)?.name)));
  });
}

/** The set's pods that are neither being deleted nor ended. */
function activePods(core: Core, set: Manifest): Manifest[] {
  return ownedBy(core, 'pods', set).filter((pod) => {
    const phase = textOf(at(pod, 'status', 'phase'));
    return pod.metadata.deletionTimestamp === undefined && phase !== 'Succeeded' && phase !== 'Failed';
  });
}

interface Counts {
  replicas: number;
  readyReplicas: number;
  availableReplicas: number;
}

function countsOf(core: Core, sets: Manifest[]): Counts {
  const active = sets.flatMap((set) => activePods(core, set));
  const ready = active.filter((pod) => isTrue(at(pod, 'status', 'conditions'), 'Ready')).length;
  return { replicas: active.length, readyReplicas: ready, availableReplicas: ready };
}

/** Whether a set was made from the Deployment's present template. */
function isCurrent(set: Manifest, deployment: Manifest): boolean {
  const template = copy(fieldsOf(at(set, 'spec', 'template')));
  delete fieldsOf(at(template, 'metadata', 'labels'))[hashLabel];
  return same(template, at(deployment, 'spec', 'template'));
}

/** What `kubectl rollout status` and `kubectl wait --for=condition=Available` read. */
function deploymentStatus(deployment: Manifest, counts: Counts, updated: Counts): Fields {
  const wanted = numberOf(at(deployment, 'spec', 'replicas'));
  const isAvailable = counts.availableReplicas >= wanted;
  const reason = `MinimumReplicas${isAvailable ? 'Available' : 'Unavailable'}`;
  return {
    observedGeneration: deployment.metadata.generation,
    ...counts,
    updatedReplicas: updated.replicas,
    unavailableReplicas: Math.max(counts.replicas, wanted) - counts.availableReplicas,
    conditions: [
      { type: 'Available', status: isAvailable ? 'True' : 'False', reason },
      { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' },
    ],
  };
}
