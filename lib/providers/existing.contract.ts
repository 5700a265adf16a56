import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { MANAGED_BY, OWNER, RUN_LABEL } from '../fixtures/index.ts';
import { type ContractSetup, openSetup } from '../kube/testing/contract-setup.ts';
import { type LiveEntry, type ProvidedExisting, restoreLive, upExisting } from './existing.ts';

let setup: ContractSetup;
let folder: string;
let context: string;
beforeAll(async () => {
  setup = await openSetup();
  folder = mkdtempSync(path.join(tmpdir(), 'meshproof-existing-'));
  context = parse(readFileSync(setup.kubeconfig, 'utf8'))['current-context'];
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await setup.close();
});

const said: string[] = [];
beforeEach(() => {
  said.length = 0;
});

/** Stands for a mesh-wide setting; the harness knows none of its own. */
const settingRef = () => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: setup.namespace, name: 'mesh-config' });
const PATH = ['data', 'permissive'];

async function putSetting(data: Record<string, string>): Promise<void> {
  const { apiVersion, kind, namespace, name } = settingRef();
  await setup.cluster.delete(settingRef());
  await setup.cluster.create({ apiVersion, kind, metadata: { namespace, name }, data });
}

async function setting(): Promise<unknown> {
  return (await setup.cluster.get(settingRef()))?.['data'];
}

function up(name: string, onEntry: (entry: LiveEntry) => void = () => undefined): Promise<ProvidedExisting> {
  const runId = `${setup.namespace}-${name}`;
  return upExisting({
    kubeconfig: setup.kubeconfig,
    context,
    runId,
    target: path.join(folder, name),
    allowMeshWideChanges: true,
    settings: [{ ref: settingRef(), path: PATH }],
    keep: false,
    signal: AbortSignal.timeout(60_000),
    report: (line) => said.push(line),
    beforeCreate: onEntry,
    unchanged: () => said.push('unchanged'),
    leaseLost: (reason) => said.push(`lost: ${reason}`),
  });
}

async function switchOff(run: ProvidedExisting): Promise<void> {
  await run.settings.noteChange(settingRef(), PATH, 'off');
  await run.cluster.patch(settingRef(), { data: { permissive: 'off' } });
}

describe('a live cluster', () => {
  test('is left as it was found', async () => {
    await putSetting({ permissive: 'on' });
    const run = await up('found');
    await switchOff(run);
    expect(await setting()).toEqual({ permissive: 'off' });
    said.length = 0;
    await expect(up('second')).rejects.toThrow(/is at work on this cluster/);
    expect(said.splice(0)).toEqual([expect.stringContaining("holds this cluster's Lease"), 'unchanged']);

    await run.down();
    expect(await setting()).toEqual({ permissive: 'on' });
    expect(said).toEqual([expect.stringContaining('data.permissive is restored to "on"')]);
    const system = { apiVersion: 'v1', kind: 'Namespace', name: 'meshproof-system' };
    await setup.cluster.wait(system, (found) => found === undefined, { timeoutMs: 30_000, what: 'gone' });
  });

  test('is restored by the clean-up after a crashed run', async () => {
    await putSetting({});
    let entry: LiveEntry | undefined;
    const run = await up('killed', (told) => {
      entry = told;
    });
    await switchOff(run);
    const name = `${setup.namespace}-killed-curl`;
    const labels = { [MANAGED_BY]: OWNER, [RUN_LABEL]: `${setup.namespace}-killed` };
    await run.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
    run.cluster.close();

    if (!entry) throw new Error('the run told nothing');
    expect(await restoreLive(entry, { dead: new Set([entry.runId]) })).toEqual({
      done: [expect.stringContaining('data.permissive is restored to absent'), `deletes namespaces ${name}`],
      isWhole: true,
    });
    expect(await setting()).toBeUndefined();
    expect(await restoreLive(entry, { dead: new Set() })).toEqual({ done: [], isWhole: true });
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name };
    await setup.cluster.wait(namespace, (found) => found === undefined, { timeoutMs: 30_000, what: 'gone' });
  });

  test('is restored by the next run once the crashed one has given no sign of life for long enough', async () => {
    await putSetting({ permissive: 'on' });
    const dead = await up('dead');
    await switchOff(dead);
    dead.cluster.close();
    const next = await up('next');
    // The dead one is played by this process, and still notices that it can no longer renew its Lease.
    expect(said.filter((line) => !line.startsWith('lost: '))).toEqual([
      expect.stringMatching(/^run \S+-dead holds this cluster's Lease: watching for up to 15 s/),
      `restoring the settings that crashed run ${setup.namespace}-dead changed`,
      expect.stringContaining('data.permissive is restored to "on"'),
    ]);
    expect(await setting()).toEqual({ permissive: 'on' });
    await next.down();
  });
});
