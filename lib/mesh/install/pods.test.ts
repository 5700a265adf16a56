import { describe, expect, test } from '@jest/globals';
import { describePod, podFailure, unscheduled } from './pods.ts';

const pod = (status: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'mesh' }, status });
const waiting = (reason: string, restartCount = 0) => ({
  name: 'c',
  image: 'example/c:v1',
  restartCount,
  state: { waiting: { reason } },
  lastState: restartCount > 0 ? { terminated: { exitCode: 137, reason: 'OOMKilled' } } : {},
});

describe('podFailure', () => {
  test.each(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'])(
    '%s is the environment’s',
    (reason) => {
      expect(podFailure(pod({ initContainerStatuses: [waiting(reason)] }))).toMatchObject({
        whose: 'environment',
        message: `pod mesh/p needs the image example/c:v1, which cannot be pulled (${reason})`,
      });
    },
  );

  test('a crash loop is the mesh’s, a first restart is not yet one', () => {
    expect(podFailure(pod({ containerStatuses: [waiting('CrashLoopBackOff', 1)] }))).toBeUndefined();
    expect(podFailure(pod({ containerStatuses: [waiting('CrashLoopBackOff', 2)] }))).toEqual({
      whose: 'mesh',
      message: 'container c of pod mesh/p is in a crash loop (2 restarts, last OOMKilled, exit 137)',
      crashed: 'c',
    });
  });

  test('a pod that is still coming up has not failed', () => {
    expect(podFailure(pod({ phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] }))).toBeUndefined();
    expect(podFailure(pod({}))).toBeUndefined();
  });
});

test('unscheduled and describePod tell what a pod lacks', () => {
  const stuck = pod({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'Insufficient cpu' }],
  });
  expect(unscheduled(stuck)).toBe('Insufficient cpu');
  expect(describePod(stuck)).toBe('p: Pending; Insufficient cpu');

  const mixed = pod({
    phase: 'Running',
    conditions: [{ type: 'PodScheduled', status: 'True' }],
    initContainerStatuses: [
      { name: 'i', image: 'i', restartCount: 0, state: { terminated: { exitCode: 1, reason: 'Error' } } },
    ],
    containerStatuses: [waiting('PodInitializing'), { name: 'd', image: 'd', restartCount: 2, state: {} }],
  });
  expect(unscheduled(mixed)).toBeUndefined();
  expect(describePod(mixed)).toBe('p: Running; i ended with 1 (Error); c waits (PodInitializing); d runs, 2 restarts');
});
