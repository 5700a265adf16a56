/** The container that an exec or a log request means. */
import type { ContainerTarget } from '../../contract.ts';
import { badRequest } from '../errors.ts';
import { at, type Fields, itemsOf, textOf } from '../json.ts';
import { existing } from '../objects/core.ts';
import type { RequestTarget, Service } from './request.ts';

export interface PodContainer {
  target: ContainerTarget;
  /** The container's status; undefined until the node reports it. */
  status: Fields | undefined;
}

/**
 * @param asked - the container's name; '' for the only one
 * @throws ApiError 404 without the pod, 400 without the container or if several fit
 */
export function containerOf({ core }: Service, target: RequestTarget, asked: string): PodContainer {
  const pod = existing(core, core.registry.builtin('pods'), target);
  const { name, namespace = '', uid = '' } = pod.metadata;
  const itemsAt = (part: string, ...lists: string[]): Fields[] => lists.flatMap((list) => itemsOf(at(pod, part, list)));
  const main = itemsAt('spec', 'containers').map((one) => textOf(one['name']));
  if (asked === '' && main.length > 1)
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]`);
  const container = asked || main[0] || '';
  if (!itemsAt('spec', 'containers', 'initContainers').some((one) => one['name'] === container))
    throw badRequest(`container ${container} is not valid for pod ${name}`);
  const statuses = itemsAt('status', 'containerStatuses', 'initContainerStatuses');
  return {
    target: { uid, namespace, pod: name, container },
    status: statuses.find((one) => one['name'] === container),
  };
}
