import { describe, expect, it } from '@jest/globals';
import type { ProvidedCluster } from './provided-cluster.ts';
import { endAll, takeDown } from './take-down.ts';

function clusterWith(down: () => Promise<void>): ProvidedCluster {
  return { provider: 'existing', down } as Partial<ProvidedCluster> as ProvidedCluster;
}

describe('takeDown', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])('takes the cluster down once where its phase cannot be recorded %s it', async (_, isAfter) => {
    let downs = 0;
    const inPhase = async <T>(_phase: string, _what: string, work: () => Promise<T>): Promise<T> => {
      if (isAfter) await work();
      throw new Error('no record');
    };
    const taken = takeDown(
      { inPhase },
      clusterWith(async () => {
        downs += 1;
      }),
    );
    await expect(taken).rejects.toThrow('no record');
    expect(downs).toBe(1);
  });
});

describe('endAll', () => {
  it('does every part in order, whatever becomes of the ones before, and throws the first error', async () => {
    const done: string[] = [];
    const logged: string[] = [];
    const ended = endAll(
      (line) => logged.push(line),
      [
        () => done.push('a'),
        () => {
          throw new Error('first');
        },
        async () => done.push('b'),
        () => Promise.reject(new Error('second')),
        () => done.push('c'),
      ],
    );
    await expect(ended).rejects.toThrow('first');
    expect(done).toEqual(['a', 'b', 'c']);
    expect(logged).toEqual([expect.stringContaining('first'), expect.stringContaining('second')]);
  });
});
