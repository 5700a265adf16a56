/**
 * Keeps one ReplicaSet for each Deployment. A new template replaces all pods at once, as the strategy Recreate does,
 * whatever strategy the Deployment names.
 */
import { createHash } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { at, copy, type Fields, fieldsOf, numberOf, same, textOf } from '../json.ts';
import { type Core, internally, stored } from '../objects/core.ts';
import { create } from '../objects/create.ts';
import { remove } from '../objects/delete.ts';
import { amend } from '../objects/update.ts';
import { recordEvent } from './events.ts';
import { createQueue } from './queue.ts';
import { type Condition, controlledBy, controllerOf, keyOf, ownedBy, parseKey, transitioned } from './shared.ts';

const hashLabel = 'pod-template-hash';
const component = 'deployment-controller';

export function runDeployments(core: Core): void {
  const { store, registry } = core;
  const deployments = registry.builtin('deployments.apps');
  const sets = registry.builtin('replicasets.apps');
  const add = createQueue((key) => {
    const deployment = stored(core, deployments, ...parseKey(key));
    if (deployment === undefined) return;
    if (deployment.metadata.deletionTimestamp === undefined) replacePods(deployment);
    report(deployment);
  });

  function replacePods(deployment: Manifest): void {
    const own = ownedBy(core, 'replicasets.apps', deployment);
    const current = own.find((set) => isCurrent(set, deployment));
    const old = own.filter((set) => set !== current);
    for (const set of old) scale(deployment, set, 0);
    // No new pod starts before the last old one is gone.
    if (old.some((set) => ownedBy(core, 'pods', set).length > 0)) return;
    for (const set of old) remove(core, sets, set);
    scale(deployment, current ?? makeSet(deployment), replicasOf(deployment));
  }

  function makeSet(deployment: Manifest): Manifest {
    const { name, namespace = '' } = deployment.metadata;
    const template = copy(fieldsOf(at(deployment, 'spec', 'template')));
    const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
    const metadata = fieldsOf(template['metadata']);
    const labels = { ...fieldsOf(metadata['labels']), [hashLabel]: hash };
    const selector = fieldsOf(at(deployment, 'spec', 'selector'));
    const matchLabels = { ...fieldsOf(selector['matchLabels']), [hashLabel]: hash };
    const body = {
      metadata: { name: `${name}-${hash}`, labels, ownerReferences: [controlledBy(deployment)] },
      spec: {
        replicas: 0,
        selector: { ...selector, matchLabels },
        template: { ...template, metadata: { ...metadata, labels } },
      },
    };
    return create(core, sets, namespace, body, internally);
  }

  function scale(deployment: Manifest, set: Manifest, replicas: number): void {
    const before = replicasOf(set);
    if (before === replicas) return;
    amend(core, sets, set.metadata, (draft) => {
      draft['spec'] = { ...fieldsOf(draft['spec']), replicas };
    });
    const message = `Scaled ReplicaSet ${set.metadata.name} from ${before} to ${replicas}`;
    recordEvent(core, deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message, component });
  }

  function report(deployment: Manifest): void {
    amend(core, deployments, deployment.metadata, (draft) => {
      draft['status'] = deploymentStatus(draft, ownedBy(core, 'replicasets.apps', draft));
    });
  }

  const addOwnerOf = (object: Manifest | undefined): void => {
    const owner = object && controllerOf(object);
    if (owner?.kind === 'Deployment') add(`${object?.metadata.namespace}/${owner.name}`);
  };
  store.subscribe('deployments.apps', ({ object }) => add(keyOf(object)));
  store.subscribe('replicasets.apps', ({ object }) => addOwnerOf(object));
  store.subscribe('pods', ({ type, object }) => {
    const { namespace = '' } = object.metadata;
    if (type === 'DELETED') addOwnerOf(store.get('replicasets.apps', namespace, textOf(controllerOf(object)?.name)));
  });
}

function replicasOf(owner: Manifest): number {
  return numberOf(at(owner, 'spec', 'replicas'));
}

/** Whether a set was made from the Deployment's present template. */
function isCurrent(set: Manifest, deployment: Manifest): boolean {
  const template = copy(fieldsOf(at(set, 'spec', 'template')));
  const labels = fieldsOf(at(template, 'metadata', 'labels'));
  delete labels[hashLabel];
  return same(template, at(deployment, 'spec', 'template'));
}

/** What `kubectl rollout status` and `kubectl wait --for=condition=Available` read. */
function deploymentStatus(deployment: Manifest, sets: Manifest[]): Fields {
  const sum = (field: string, of = sets): number =>
    of.reduce((total, set) => total + numberOf(at(set, 'status', field)), 0);
  const wanted = replicasOf(deployment);
  const replicas = sum('replicas');
  const availableReplicas = sum('availableReplicas');
  const current = sets.filter((set) => isCurrent(set, deployment));
  const isAvailable = availableReplicas >= wanted;
  const conditions: Condition[] = [
    {
      type: 'Available',
      status: isAvailable ? 'True' : 'False',
      reason: `MinimumReplicas${isAvailable ? 'Available' : 'Unavailable'}`,
    },
    { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' },
  ];
  return {
    observedGeneration: deployment.metadata.generation,
    replicas,
    updatedReplicas: sum('replicas', current),
    readyReplicas: sum('readyReplicas'),
    availableReplicas,
    unavailableReplicas: Math.max(0, Math.max(replicas, wanted) - availableReplicas),
    conditions: transitioned(conditions, at(deployment, 'status', 'conditions')),
  };
}
