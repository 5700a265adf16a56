import { describe, expect, test } from '@jest/globals';
import { ClusterError } from '../../kube/cluster.ts';
import { MeshError } from '../errors.ts';
import type { MeshContext } from '../mesh.ts';
import type { Filling } from '../template.ts';
import { FakeCluster, fakeContext } from '../testing/fake-cluster.ts';
import { doSteps as doStepsOf } from './steps.ts';

const filling = { values: { 'modes.egress': false }, sets: ['auth.password=opensesame', 'a=1'] };
const doSteps = (steps: Parameters<typeof doStepsOf>[0], filled: Filling, context: MeshContext) =>
  doStepsOf(steps, filled, context, 'install');
const config = { apiVersion: 'example/v1', kind: 'Config', name: 'config', namespace: 'mesh' };

/** The MeshError that a promise rejects with. */
async function meshError(promise: Promise<unknown>): Promise<MeshError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof MeshError) return error;
  throw new Error(`no MeshError but ${error}`);
}

const deployment = (name: string, status: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'mesh', generation: 2 },
  spec: { replicas: 1, selector: { matchLabels: { app: name } } },
  status,
});
const ready = { observedGeneration: 2, updatedReplicas: 1, availableReplicas: 1 };

describe('run', () => {
  test('is printed before it runs, gets the kubeconfig, and is reported as a child; secrets are left out', async () => {
    const { context, commands, output, children } = fakeContext(new FakeCluster());
    const run = ['sh', '-c', 'echo "$KUBECONFIG" "$@"', 'sh', '{{sets}}', 'egress={{modes.egress}}'];
    const done = await doSteps([{ run, within: '10s' }], filling, context);

    expect(commands).toEqual([
      [
        'sh',
        '-c',
        'echo "$KUBECONFIG" "$@"',
        'sh',
        '--set',
        'auth.password=[redacted]',
        '--set',
        'a=1',
        'egress=false',
      ],
    ]);
    expect(output.join()).toContain('a/kubeconfig --set auth.password=[redacted]');
    expect(children).toEqual([{ pid: expect.any(Number), what: 'sh' }]);
    expect(done).toEqual([{ run: commands[0], exit: 0, ms: expect.any(Number) }]);
  });

  test('passes its output on to a second program, which alone is shown', async () => {
    const { context, commands, output } = fakeContext(new FakeCluster());
    const run = ['printf', 'kind: %s', 'Secret'];
    const done = await doSteps([{ run, pipe: ['sed', 's/^/applied /'], within: '10s' }], filling, context);
    expect(commands).toEqual([run, ['sed', 's/^/applied /']]);
    expect(output).toEqual(['applied kind: Secret']);
    expect(done).toEqual([{ run, pipe: ['sed', 's/^/applied /'], exit: 0, ms: expect.any(Number) }]);
  });

  test('whose second program fails, or is never reached, says which of them', async () => {
    const { context, commands } = fakeContext(new FakeCluster());
    const second = await meshError(
      doSteps([{ run: ['echo', 'a'], pipe: ['sh', '-c', 'cat; exit 3'], within: '10s' }], filling, context),
    );
    expect(second.message).toBe("install[0]: sh -c 'cat; exit 3' ended with status 3:\n  a");
    const first = await meshError(doSteps([{ run: ['false'], pipe: ['cat'], within: '10s' }], filling, context));
    expect(first.message).toContain('false ended with status 1');
    expect(commands).not.toContainEqual(['cat']);
  });

  test('that fails says how, with the end of its output; the steps after it are not done', async () => {
    const cluster = new FakeCluster();
    const steps = [{ run: ['sh', '-c', 'echo why; exit 4'], within: '10s' }, { delete: config }];
    const error = await meshError(doSteps(steps, filling, fakeContext(cluster).context));
    expect(error.whose).toBe('environment');
    expect(error.message).toBe("install[0]: sh -c 'echo why; exit 4' ended with status 4:\n  why");
    expect(cluster.calls).toEqual([]);
  });

  test('that fails is the mesh’s fault if the driver says so', async () => {
    const steps = [{ run: ['false'], within: '10s', blame: 'mesh' as const }];
    expect(await meshError(doSteps(steps, filling, fakeContext(new FakeCluster()).context))).toMatchObject({
      whose: 'mesh',
      message: 'install[0]: false ended with status 1:\n  (no output)',
    });
  });

  test('that takes too long is ended, its limit scaled', async () => {
    const { context } = fakeContext(new FakeCluster(), { timeoutScale: 0.01 });
    const error = await meshError(doSteps([{ run: ['sleep', '60'], within: '20s' }], filling, context));
    expect(error.message).toContain('sleep 60 did not end within 0.2 s');
  });

  test('of a missing program names it and the remedy', async () => {
    const steps = [{ run: ['no-such-program-here', 'install'], within: '1s' }];
    expect(await meshError(doSteps(steps, filling, fakeContext(new FakeCluster()).context))).toMatchObject({
      whose: 'environment',
      message: 'install[0]: the driver needs no-such-program-here, which is not on the PATH',
      remedy: 'install no-such-program-here, and put it on the PATH',
    });
  });
});

describe('changes', () => {
  test('are sent to the API in order', async () => {
    const cluster = new FakeCluster();
    const applied = { apiVersion: 'example/v1', kind: 'Policy', metadata: { name: 'p' } };
    const done = await doSteps(
      [{ apply: applied }, { patch: config, merge: { spec: { on: '{{modes.egress}}' } } }, { delete: config }],
      filling,
      fakeContext(cluster).context,
    );
    expect(cluster.calls).toEqual(['apply Policy p', 'patch Config config', 'delete Config config']);
    expect(done[1]).toEqual({ patch: config, merge: { spec: { on: false } }, ms: expect.any(Number) });
  });

  test('that the API refuses are no fault of the mesh', async () => {
    const cluster = new FakeCluster();
    cluster.refuse = new ClusterError('forbidden', 'config is forbidden: cannot patch', 403);
    const error = await meshError(doSteps([{ patch: config, merge: {} }], filling, fakeContext(cluster).context));
    expect(error.whose).toBe('environment');
    expect(error.message).toBe('install[0]: config is forbidden: cannot patch');
  });

  test('are reported with their place, without the objects that servers repeat', async () => {
    const cluster = new FakeCluster();
    const said =
      'x is invalid: patch: Invalid value: "{\\"spec\\":{\\"password\\":1}}": strict decoding error: unknown field';
    cluster.refuse = new ClusterError('invalid', said, 422);
    const steps = [
      { wait: { gone: config }, within: '1s' },
      { patch: config, merge: {} },
    ];
    const error = await meshError(doSteps(steps, filling, fakeContext(cluster).context));
    expect(error.message).toBe('install[1]: x is invalid: patch: Invalid value: strict decoding error: unknown field');
    expect(error.remedy).toContain('correct the driver');
  });
});

describe('wait', () => {
  const wait = (cluster: FakeCluster, what: object, settings: Partial<MeshContext> = {}) =>
    doSteps([{ wait: what, within: '10s' }], filling, fakeContext(cluster, settings).context);

  test('for a Deployment goes on when its new pods are there, not its old ones', async () => {
    const cluster = new FakeCluster();
    cluster.put(deployment('a', { ...ready, observedGeneration: 1 }));
    const waiting = wait(cluster, { available: { namespace: 'mesh', name: 'a' } });
    const early = await Promise.race([waiting, new Promise((resolve) => setImmediate(resolve, 'waiting'))]);
    expect(early).toBe('waiting');

    cluster.put(deployment('a', ready));
    await waiting;
    expect(cluster.watched).toBe(0);
  });

  test('for a Deployment ends when an image cannot be pulled', async () => {
    const cluster = new FakeCluster();
    cluster.put(deployment('a', {}));
    const waiting = meshError(wait(cluster, { available: { namespace: 'mesh', name: 'a' } }));
    cluster.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a-1', namespace: 'mesh' },
      status: {
        containerStatuses: [
          {
            name: 'a',
            image: 'example/a:v1',
            restartCount: 0,
            state: { waiting: { reason: 'ErrImagePull', message: 'no such host' } },
          },
        ],
      },
    });
    expect(await waiting).toMatchObject({
      whose: 'environment',
      message:
        'install[0]: pod mesh/a-1 needs the image example/a:v1, which cannot be pulled (ErrImagePull: no such host)',
    });
    expect(cluster.watched).toBe(0);
  });

  test('for a Deployment that never comes is the mesh’s fault', async () => {
    const cluster = new FakeCluster();
    cluster.put(deployment('a', {}));
    expect(
      await meshError(wait(cluster, { available: { namespace: 'mesh', name: 'a' } }, { timeoutScale: 0.01 })),
    ).toMatchObject({
      whose: 'mesh',
      message: 'install[0]: timed out after 0.1 s waiting for Deployment mesh/a to be available',
    });
  });

  test('for a definition to be established, for an object to exist, and to be gone', async () => {
    const cluster = new FakeCluster();
    const definition = (conditions: { type: string; status: string }[] | null) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'configs.example' },
      status: { conditions },
    });
    cluster.put(definition(null));
    const established = wait(cluster, { established: 'configs.example' });
    cluster.put(definition([{ type: 'Established', status: 'False' }]));
    cluster.put(definition([{ type: 'Established', status: 'True' }]));
    await established;

    const exists = wait(cluster, { exists: config });
    cluster.put({ apiVersion: 'example/v1', kind: 'Config', metadata: { name: 'config', namespace: 'mesh' } });
    await exists;

    const gone = wait(cluster, { gone: config });
    await cluster.delete(config);
    await gone;
  });

  test('ends when the run is stopped', async () => {
    const controller = new AbortController();
    const waiting = meshError(wait(new FakeCluster(), { exists: config }, { signal: controller.signal }));
    controller.abort();
    expect(await waiting).toMatchObject({ whose: 'environment' });
  });
});
