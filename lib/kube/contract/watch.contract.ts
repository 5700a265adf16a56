import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cluster, Manifest, ObjectRef, Selection, Stop } from '../cluster.ts';
import { type ContractSetup, openSetup, until } from '../testing/contract-setup.ts';
import { openRelay, openRewriter, type Relay, type Rewriter } from '../testing/relay.ts';

let setup: ContractSetup;
let relay: Relay;
let rewriter: Rewriter;
beforeAll(async () => {
  setup = await openSetup();
});
afterAll(async () => {
  relay?.close();
  rewriter?.close();
  await setup.close();
});

const watches: Stop[] = [];
afterEach(() => {
  for (const watching of watches.splice(0)) watching.stop();
});

function configMap(name: string, set: string, value = '1'): Manifest {
  const metadata = { name, namespace: setup.namespace, labels: { set } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } };
}
function refTo(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: setup.namespace };
}
function selectionOf(set: string): Selection {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace: setup.namespace, labelSelector: `set=${set}` };
}
function record(cluster: Cluster, selection: Selection): { events: string[]; health: boolean[] } {
  const seen = { events: [] as string[], health: [] as boolean[] };
  const watching = cluster.watch(selection, {
    event: ({ type, object }) => {
      seen.events.push(`${type} ${object.metadata.name} ${(object['data'] as { value: string }).value}`);
    },
    broken: (isBroken) => seen.health.push(isBroken),
  });
  watches.push(watching);
  return seen;
}

describe('watch', () => {
  test('delivers what exists, then each change in order, and only what is selected', async () => {
    await setup.cluster.apply(configMap('early', 'order'));
    const { events, health } = record(setup.cluster, selectionOf('order'));
    await until('the first event', () => events.length === 1);

    await setup.cluster.apply(configMap('other', 'not-this'));
    await setup.cluster.apply(configMap('late', 'order'));
    await setup.cluster.apply(configMap('early', 'order', '2'));
    await setup.cluster.delete(refTo('late'));

    await until('four events', () => events.length >= 4);
    expect(events).toEqual(['ADDED early 1', 'ADDED late 1', 'MODIFIED early 2', 'DELETED late 1']);
    expect(health).toEqual([]);
  });

  test('delivers nothing after it was stopped', async () => {
    const stopped = record(setup.cluster, selectionOf('stopped'));
    const going = record(setup.cluster, selectionOf('stopped'));
    await setup.cluster.apply(configMap('before', 'stopped'));
    await until('both have seen it', () => stopped.events.length + going.events.length === 2);

    watches.at(-2)?.stop();
    await setup.cluster.apply(configMap('after', 'stopped'));

    await until('the other has seen it', () => going.events.length === 2);
    expect(stopped.events).toEqual(['ADDED before 1']);
  });

  test('goes on after its connection was cut, and loses nothing of what happened meanwhile', async () => {
    relay = await openRelay(setup.server);
    const client = await setup.connectWith((config) => relay.redirect(config));
    const { events } = record(client, selectionOf('cut'));
    await setup.cluster.apply(configMap('one', 'cut'));
    await until('one', () => events.length === 1);

    relay.cut();
    await setup.cluster.apply(configMap('two', 'cut'));
    await setup.cluster.delete(refTo('one'));

    await until('three events', () => events.length >= 3);
    expect(events).toEqual(['ADDED one 1', 'ADDED two 1', 'DELETED one 1']);
  });

  test('a connection that hangs is noticed, reported and replaced', async () => {
    const { events, health } = record(await setup.connectWith((config) => relay.redirect(config)), selectionOf('hang'));
    await setup.cluster.apply(configMap('one-hanging', 'hang'));
    await until('one', () => events.length === 1);

    relay.stall();
    await setup.cluster.apply(configMap('two-hanging', 'hang'));
    await until('broken is reported', () => health.length === 1);
    relay.resume();

    await until('two', () => events.length === 2);
    await until('whole is reported', () => health.length === 2);
    expect(health).toEqual([true, false]);
    expect(events).toEqual(['ADDED one-hanging 1', 'ADDED two-hanging 1']);
  });

  test('a resource version that the server no longer has leads to a new list and the differences', async () => {
    rewriter = await openRewriter(setup.kubeconfig);
    const client = await setup.connectWith((config) => rewriter.redirect(config));
    await setup.cluster.apply(configMap('stays', 'stale'));
    await setup.cluster.apply(configMap('changes', 'stale'));
    await setup.cluster.apply(configMap('goes', 'stale'));
    let refused = 0;
    let watched = 0;
    rewriter.rewrite = (url) => {
      if (!url.includes('watch=true')) return url;
      watched += 1;
      if (watched > 1) return url;
      refused += 1;
      return url.replace(/resourceVersion=\d+/, 'resourceVersion=1');
    };

    const { events } = record(client, selectionOf('stale'));
    await until('a second watch', () => watched >= 2);
    await setup.cluster.apply(configMap('changes', 'stale', '2'));
    await setup.cluster.delete(refTo('goes'));

    await until('five events', () => events.length >= 5);
    expect(refused).toBe(1);
    expect(events.slice(0, 3).sort()).toEqual(['ADDED changes 1', 'ADDED goes 1', 'ADDED stays 1']);
    expect(events.slice(3)).toEqual(['MODIFIED changes 2', 'DELETED goes 1']);
  });

  test('an old resource version is answered by 410', async () => {
    const path = `/api/v1/namespaces/${setup.namespace}/configmaps?watch=true&resourceVersion=1&timeoutSeconds=1`;

    const answer = await setup.cluster.raw(path).catch((error: { status?: number }) => `"code":${error.status}`);

    expect(answer).toContain('"code":410');
  });
});

describe('wait', () => {
  const soon = { timeoutMs: 10_000, what: 'as wanted' };

  test('resolves at once with an object that satisfies', async () => {
    await setup.cluster.apply(configMap('there', 'wait'));

    const found = await setup.cluster.wait(refTo('there'), (object) => object !== undefined, soon);

    expect(found?.metadata.name).toBe('there');
  });

  test('resolves when an object comes, changes, or goes', async () => {
    const comes = setup.cluster.wait(refTo('awaited'), (object) => object !== undefined, soon);
    await setup.cluster.apply(configMap('awaited', 'wait'));
    await comes;

    const changes = setup.cluster.wait(refTo('awaited'), (object) => isData(object, '2'), soon);
    await setup.cluster.apply(configMap('awaited', 'wait', '2'));
    await changes;

    const goes = setup.cluster.wait(refTo('awaited'), (object) => object === undefined, soon);
    await setup.cluster.delete(refTo('awaited'));
    expect(await goes).toBeUndefined();
  });

  test('times out with what it waited for and what it saw last', async () => {
    const never = setup.cluster.wait(refTo('never'), (object) => object !== undefined, {
      timeoutMs: 500,
      what: 'there',
    });

    await expect(never).rejects.toMatchObject({
      code: 'timeout',
      message: `ConfigMap ${setup.namespace}/never: not there within 0.5 s; last: no such object`,
    });
  });

  test('an error of the condition ends the wait', async () => {
    const thrown = new Error('enough');
    const wait = setup.cluster.wait(refTo('never'), () => throwIt(thrown), soon);

    await expect(wait).rejects.toBe(thrown);
  });

  test('can be aborted', async () => {
    const controller = new AbortController();
    const wait = setup.cluster.wait(refTo('never'), () => false, { ...soon, signal: controller.signal });

    controller.abort();

    await expect(wait).rejects.toMatchObject({ code: 'aborted' });
  });

  test('waits for an object whose kind does not exist', async () => {
    const ref = { apiVersion: 'nobody.example/v1', kind: 'Nothing', name: 'x' };
    const wait = setup.cluster.wait(ref, (object) => object !== undefined, { timeoutMs: 500, what: 'there' });

    await expect(wait).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('no kind Nothing') });
  });
});

function isData(object: Manifest | undefined, value: string): boolean {
  return (object?.['data'] as { value?: string } | undefined)?.value === value;
}
function throwIt(error: Error): never {
  throw error;
}
