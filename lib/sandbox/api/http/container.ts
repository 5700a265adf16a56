/** The container that an exec or a log request means. */
import type { ContainerTarget } from '../../contract.ts';
import { badRequest, notFound } from '../errors.ts';
import { at, type Fields, itemsOf, textOf } from '../json.ts';
import { stored } from '../objects/core.ts';
import type { RequestTarget, Service } from './request.ts';

export interface PodContainer {
  target: ContainerTarget;
  /** The pod's phase. */
  phase: string;
  /** The container's status; undefined until the node reports it. */
  status: Fields | undefined;
}

/**
 * @param asked - the container's name; '' for the only one
 * @throws ApiError 404 without the pod, 400 without the container or if several fit
 */
export function containerOf({ core }: Service, { namespace, name }: RequestTarget, asked: string): PodContainer {
  const pods = core.registry.builtin('pods');
  const pod = stored(core, pods, namespace, name);
  if (pod === undefined) throw notFound(pods, name);
  const namesIn = (list: string): string[] => itemsOf(at(pod, 'spec', list)).map((one) => textOf(one['name']));
  const main = namesIn('containers');
  if (asked === '' && main.length > 1)
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]`);
  const container = asked === '' ? (main[0] ?? '') : asked;
  if (![...main, ...namesIn('initContainers')].includes(container))
    throw badRequest(`container ${container} is not valid for pod ${name}`);
  const statuses = ['containerStatuses', 'initContainerStatuses'].flatMap((list) => itemsOf(at(pod, 'status', list)));
  return {
    target: { uid: pod.metadata.uid ?? '', namespace, pod: name, container },
    phase: textOf(at(pod, 'status', 'phase')),
    status: statuses.find((one) => one['name'] === container),
  };
}
