import type { Manifest } from '../../contract.ts';
import { at, numberOf } from '../json.ts';
import { type Condition, transitioned } from './conditions.ts';
import type { EventText } from './events.ts';

/** What `kubectl rollout status` and `kubectl wait --for=condition=Available` read. */
export function deploymentStatus(
  deployment: Manifest,
  fresh: Manifest | undefined,
  sets: Manifest[],
): Record<string, unknown> {
  const sum = (field: string): number => sets.reduce((total, set) => total + numberOf(at(set, 'status', field)), 0);
  const wanted = numberOf(at(deployment, 'spec', 'replicas'));
  const available = sum('availableReplicas');
  const updated = numberOf(at(fresh, 'status', 'replicas'));
  const total = sum('replicas');
  const unavailable = Math.max(0, Math.max(total, wanted) - available);
  const counts = {
    replicas: total,
    updatedReplicas: updated,
    readyReplicas: sum('readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: unavailable,
  };
  const isDone = updated === wanted && total === wanted && available === wanted;
  return {
    observedGeneration: deployment.metadata.generation,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    conditions: transitioned(
      [availability(available >= least(deployment, wanted)), progress(deployment, fresh, isDone)],
      at(deployment, 'status', 'conditions'),
    ),
  };
}

/** How many pods have to be available for the Deployment to be called so. */
function least(deployment: Manifest, wanted: number): number {
  const lack = at(deployment, 'spec', 'strategy', 'rollingUpdate', 'maxUnavailable');
  if (typeof lack === 'number') return wanted - lack;
  return wanted - (Math.floor((Number.parseFloat(String(lack)) / 100) * wanted) || 0);
}

function availability(isAvailable: boolean): Condition {
  return isAvailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function progress(deployment: Manifest, fresh: Manifest | undefined, isDone: boolean): Condition {
  const set = fresh?.metadata.name ?? '';
  if (isDone)
    return {
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${set}" has successfully progressed.`,
    };
  const isPaused = at(deployment, 'spec', 'paused') === true;
  return {
    type: 'Progressing',
    status: 'True',
    reason: isPaused ? 'DeploymentPaused' : 'ReplicaSetUpdated',
    message: isPaused ? 'Deployment is paused' : `ReplicaSet "${set}" is progressing.`,
  };
}

export function scaleEvent(set: Manifest, from: number, to: number): EventText {
  const direction = to > from ? 'up' : 'down';
  return {
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message: `Scaled ${direction} replica set ${set.metadata.name} from ${from} to ${to}`,
    component: 'deployment-controller',
  };
}
