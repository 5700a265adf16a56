/** Keeps each Deployment's ReplicaSets: one of the present template, older ones scaled down as the strategy allows. */
import type { Manifest } from '../../contract.ts';
import { at, fieldsOf, numberOf, textOf } from '../json.ts';
import { amend, type Core, inBackground, remove } from '../objects/index.ts';
import { deploymentStatus, scaleEvent } from './deployment-status.ts';
import { currentSet, revisionOf } from './deployment-template.ts';
import { recordEvent } from './events.ts';
import { controllerOf, keyOf, ownedBy, parseKey } from './owned.ts';
import { createQueue } from './queue.ts';

const storage = 'deployments.apps';
const setStorage = 'replicasets.apps';

export function runDeployments(core: Core): () => void {
  const { store, registry } = core;
  const deployments = registry.builtin(storage);
  const sets = registry.builtin(setStorage);
  const queue = createQueue((key) => {
    const [namespace, name] = parseKey(key);
    const deployment = store.get(storage, namespace, name);
    if (deployment === undefined) return;
    if (deployment.metadata.deletionTimestamp === undefined) roll(deployment);
    report(key);
  });

  function roll(deployment: Manifest): void {
    const fresh = currentSet(core, deployment);
    if (fresh === undefined) return;
    const old = ownedBy(core, setStorage, deployment).filter((set) => set.metadata.uid !== fresh.metadata.uid);
    const running = old.filter((set) => replicas(set) > 0 || numberOf(at(set, 'status', 'replicas')) > 0);
    if (at(deployment, 'spec', 'strategy', 'type') === 'Recreate') recreate(deployment, fresh, running);
    else rollOver(deployment, fresh, running);
    prune(deployment, old);
  }

  function recreate(deployment: Manifest, fresh: Manifest, running: Manifest[]): void {
    for (const set of running) scaleTo(deployment, set, 0);
    const isEmpty = running.every((set) => ownedBy(core, 'pods', set).length === 0);
    if (isEmpty) scaleTo(deployment, fresh, replicas(deployment));
  }

  function rollOver(deployment: Manifest, fresh: Manifest, running: Manifest[]): void {
    const wanted = replicas(deployment);
    const rolling = fieldsOf(at(deployment, 'spec', 'strategy', 'rollingUpdate'));
    const surge = share(rolling['maxSurge'], wanted, Math.ceil);
    const unavailable = share(rolling['maxUnavailable'], wanted, Math.floor);
    // With neither, nothing could ever move.
    const mayLack = surge === 0 && unavailable === 0 ? 1 : unavailable;
    const total = [fresh, ...running].reduce((sum, set) => sum + replicas(set), 0);
    if (running.length === 0 || replicas(fresh) > wanted) scaleTo(deployment, fresh, wanted);
    else if (replicas(fresh) < wanted)
      scaleTo(deployment, fresh, Math.min(wanted, replicas(fresh) + Math.max(0, wanted + surge - total)));
    shrink(deployment, fresh, running, wanted - mayLack);
  }

  /** Scales older sets down while at least `least` pods stay available; their unavailable pods go first. */
  function shrink(deployment: Manifest, fresh: Manifest, running: Manifest[], least: number): void {
    const available = (set: Manifest): number => numberOf(at(set, 'status', 'availableReplicas'));
    let spare = [fresh, ...running].reduce((sum, set) => sum + available(set), 0) - least;
    for (const set of running) {
      const idle = Math.max(0, replicas(set) - available(set));
      const dropped = Math.min(replicas(set), idle + Math.max(0, spare));
      spare -= Math.max(0, dropped - idle);
      if (dropped > 0) scaleTo(deployment, set, replicas(set) - dropped);
    }
  }

  function scaleTo(deployment: Manifest, set: Manifest, count: number): void {
    const now = replicas(set);
    if (now === count) return;
    amend(core, sets, set.metadata, (draft) => {
      draft['spec'] = { ...fieldsOf(draft['spec']), replicas: count };
      return true;
    });
    recordEvent(core, deployment, scaleEvent(set, now, count));
  }

  function prune(deployment: Manifest, old: Manifest[]): void {
    const limit = numberOf(at(deployment, 'spec', 'revisionHistoryLimit'), 10);
    const idle = old.filter((set) => replicas(set) === 0 && numberOf(at(set, 'status', 'replicas')) === 0);
    for (const set of idle.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, idle.length - limit)))
      remove(core, sets, set, inBackground);
  }

  function report(key: string): void {
    const [namespace, name] = parseKey(key);
    const deployment = store.get(storage, namespace, name);
    if (deployment === undefined) return;
    const fresh = currentSet(core, deployment, { isReadOnly: true });
    const all = ownedBy(core, setStorage, deployment);
    amend(core, deployments, deployment.metadata, (draft) => {
      draft['status'] = deploymentStatus(deployment, fresh, all);
      return true;
    });
  }

  const stops = [
    store.subscribe(storage, ({ object }) => queue.add(keyOf(object))),
    store.subscribe(setStorage, ({ object }) => {
      const owner = controllerOf(object);
      if (owner?.kind === 'Deployment') queue.add(`${object.metadata.namespace}/${owner.name}`);
    }),
    // A Recreate waits until the last old pod is gone, which no ReplicaSet's status tells.
    store.subscribe('pods', ({ type, object }) => {
      if (type === 'DELETED') queueOwnerOf(object);
    }),
  ];

  function queueOwnerOf(pod: Manifest): void {
    const set = store.get(setStorage, pod.metadata.namespace ?? '', textOf(controllerOf(pod)?.name));
    const owner = set === undefined ? undefined : controllerOf(set);
    if (owner?.kind === 'Deployment') queue.add(`${pod.metadata.namespace}/${owner.name}`);
  }

  return () => {
    for (const stop of stops) stop();
    queue.close();
  };
}

function replicas(owner: Manifest): number {
  return numberOf(at(owner, 'spec', 'replicas'));
}

/** `25%` of the wanted replicas, or a plain number. */
function share(value: unknown, wanted: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  return round((Number.parseFloat(textOf(value)) / 100) * wanted) || 0;
}
