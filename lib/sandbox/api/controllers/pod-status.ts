/** Makes a pod's status from what the node reports: phase, conditions, container statuses. */
import type { ContainerReport, Manifest, PodReport } from '../../contract.ts';
import { hostAddress } from '../identity.ts';
import { at, type Fields, fieldsOf, itemsOf, textOf } from '../json.ts';
import { timeText } from '../objects/core.ts';

/** The status after a report. */
export function podStatus(pod: Manifest, report: PodReport): Fields {
  const old = fieldsOf(pod['status']);
  const init = report.initContainers ?? [];
  const phase = phaseOf(pod, report);
  const isInitialized = init.every(isDone) && init.length === itemsOf(at(pod, 'spec', 'initContainers')).length;
  const isReady = report.containers.length > 0 && report.containers.every((container) => container.ready);
  return {
    ...old,
    phase,
    hostIP: hostAddress,
    podIP: report.ip,
    podIPs: [{ ip: report.ip }],
    startTime: old['startTime'] ?? timeText(),
    conditions: conditionsOf(pod, phase, isInitialized, isReady),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: report.containers,
  };
}

function isDone(container: ContainerReport): boolean {
  return container.state.terminated?.exitCode === 0;
}

function phaseOf(pod: Manifest, { containers, initContainers = [] }: PodReport): string {
  const policy = textOf(at(pod, 'spec', 'restartPolicy'));
  const isInitFailed = initContainers.some((one) => (one.state.terminated?.exitCode ?? 0) !== 0);
  if (isInitFailed && policy === 'Never') return 'Failed';
  if (!initContainers.every(isDone) || containers.length === 0) return 'Pending';
  const ended = containers.filter((one) => one.state.terminated !== undefined);
  if (ended.length === containers.length && pod.metadata.deletionTimestamp === undefined) {
    const isGood = ended.every((one) => one.state.terminated?.exitCode === 0);
    if (policy === 'Never' || (policy === 'OnFailure' && isGood)) return isGood ? 'Succeeded' : 'Failed';
  }
  const hasStarted = (one: ContainerReport): boolean =>
    one.state.waiting === undefined || one.lastState.terminated !== undefined;
  return containers.every(hasStarted) ? 'Running' : 'Pending';
}

function conditionsOf(pod: Manifest, phase: string, isInitialized: boolean, isReady: boolean): Fields[] {
  const names = itemsOf(at(pod, 'spec', 'containers')).map(({ name }) => name);
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const why = isOver
    ? { reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed' }
    : { reason: 'ContainersNotReady', message: `containers with unready status: [${names.join(' ')}]` };
  const ready = isReady ? { status: 'True' } : { status: 'False', ...why };
  return [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Initialized', status: isInitialized ? 'True' : 'False' },
    { type: 'ContainersReady', ...ready },
    { type: 'Ready', ...ready },
  ];
}
