/** The container that an exec or a log request means. */
import type { ContainerTarget, Manifest } from '../../contract.ts';
import { badRequest, notFound } from '../errors.ts';
import { at, type Fields, itemsOf, textOf } from '../json.ts';
import { stored } from '../objects/index.ts';
import type { Service } from './service.ts';
import type { RequestTarget } from './target.ts';

export interface PodContainer {
  pod: Manifest;
  target: ContainerTarget;
  /** The container's status; undefined before the node has reported it. */
  status: Fields | undefined;
}

/** @throws ApiError 404 without the pod, 400 without the container or where several could be meant. */
export function containerOf({ core }: Service, { namespace, name }: RequestTarget, asked: string): PodContainer {
  const pods = core.registry.builtin('pods');
  const pod = stored(core, pods, namespace, name);
  if (pod === undefined) throw notFound(pods, name);
  const main = namesIn(pod, 'containers');
  const all = [...main, ...namesIn(pod, 'initContainers')];
  if (asked === '' && main.length > 1)
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]`);
  const container = asked === '' ? (main[0] ?? '') : asked;
  if (!all.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
  const statuses = [
    ...itemsOf(at(pod, 'status', 'containerStatuses')),
    ...itemsOf(at(pod, 'status', 'initContainerStatuses')),
  ];
  return {
    pod,
    target: { uid: pod.metadata.uid ?? '', namespace, pod: name, container },
    status: statuses.find((one) => one['name'] === container),
  };
}

function namesIn(pod: Manifest, list: string): string[] {
  return itemsOf(at(pod, 'spec', list)).map((container) => textOf(container['name']));
}
