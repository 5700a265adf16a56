import { describe, expect, it } from '@jest/globals';
import { explainError } from '../console/exit-status.ts';
import { ClusterError } from '../kube/cluster.ts';
import { MeshError } from '../mesh/index.ts';
import { EnvironmentError, UsageError } from '../words/index.ts';

describe('explainError', () => {
  it.each<[unknown, number]>([
    [new UsageError('x'), 2],
    [new MeshError('user', 'x'), 2],
    [new MeshError('mesh', 'x'), 1],
    [new MeshError('environment', 'x'), 3],
    [new EnvironmentError('x'), 3],
    [new ClusterError('unreachable', 'x'), 3],
    [new TypeError('x'), 3],
    ['x', 3],
  ])('%s ends with %d', (error, status) => {
    expect(explainError(error).status).toBe(status);
  });

  it('passes the remedy on, and describes a defect of the harness without its stack', () => {
    expect(explainError(new EnvironmentError('no Docker', 'start it'))).toEqual({
      status: 3,
      whose: 'environment',
      message: 'no Docker',
      remedy: 'start it',
    });
    expect(explainError(new TypeError('x'))).toEqual({
      status: 3,
      whose: 'harness',
      message: 'TypeError: x',
      isDefect: true,
    });
    expect(explainError(new UsageError('x')).message).toBe('x');
  });
});
