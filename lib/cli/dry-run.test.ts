import { describe, expect, it } from '@jest/globals';
import { coloursFor } from '../console/colours.ts';
import type { Claim } from '../judge/claim.ts';
import type { Manifest } from '../kube/cluster.ts';
import { loadDriver } from '../mesh/index.ts';
import { type Choice, resolveOptions } from '../options/index.ts';
import { type DryRun, dryRunOf, dryRunText } from './dry-run.ts';

function claim(id: string, more: Partial<Claim>, body = async () => {}): Claim {
  return {
    id,
    suite: id.split('/')[0] ?? id,
    title: `${id} holds`,
    spec: 'guide',
    level: 'core',
    features: [],
    body,
    ...more,
  };
}

const selected = [
  claim('permissive/on', { starts: { permissive: true }, features: ['permissive'] }),
  claim('tcp-routing/off', { starts: { permissive: false }, ends: { egress: true }, features: ['tcp-policy'] }),
  claim('permissive/on-again', { starts: { permissive: true } }),
  claim('egress/installed', { features: ['install-modes'] }),
  claim('egress/moonlight', { features: ['moonlight'] }),
];

const fixtures: Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'curl' } },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'curl', namespace: 'curl' } },
];

async function planned(commandLine: Record<string, string | boolean>, provider: Choice['provider']): Promise<DryRun> {
  const values = new Map<string, string | boolean>(Object.entries({ 'dry-run': true, ...commandLine }));
  const options = resolveOptions({ commandLine: { source: 'command line', values }, environment: {}, folder: '/none' });
  const driver = await loadDriver('osm');
  return dryRunOf({
    options,
    choice: { provider, reason: 'for the test' },
    driver,
    selected,
    fixturesWith: async () => fixtures,
  });
}

describe('a dry run', () => {
  it('shows which claims begin when, which changes are made together, and what cannot run and why', async () => {
    const dryRun = await planned({}, 'kind');
    expect(dryRun.claims.map(({ id }) => id).sort()).toEqual([
      'egress/installed',
      'permissive/on',
      'permissive/on-again',
      'tcp-routing/off',
    ]);
    expect(dryRun.batches).toEqual([
      { changes: [], begin: ['egress/installed'] },
      { changes: ['switch permissive off'], begin: ['tcp-routing/off'] },
      { changes: ['switch permissive on'], begin: ['permissive/on', 'permissive/on-again'] },
    ]);
    expect(dryRun.switches).toBe(2);
    expect(dryRun.skip).toEqual([
      { id: 'egress/moonlight', verdict: 'unsupported', reason: expect.stringContaining('moonlight') },
    ]);
  });

  it('shows one claim after the other with --serial', async () => {
    const dryRun = await planned({ serial: true }, 'kind');
    expect(dryRun.serial).toBe(true);
    expect(dryRunText(dryRun, coloursFor({ isTTY: false }))).toContain('Would change, one claim at a time, with 2 sw');
    expect((await planned({}, 'kind')).serial).toBe(false);
  });

  it('shows what a run creates and changes on kind, and what stays', async () => {
    const dryRun = await planned({ 'node-image': 'kindest/node:v9' }, 'kind');
    expect(dryRun.creates[0]).toBe('kind cluster meshproof-<run id>, node image kindest/node:v9');
    expect(dryRun.creates.join('\n')).toMatch(/mesh osm: osm install/);
    expect(dryRun.creates.at(-1)).toBe('namespace curl: Deployment curl');
    expect(dryRun.changes.join('\n')).toMatch(/mode permissive: MeshConfig .*enablePermissiveTrafficPolicyMode/);
    expect(dryRun.afterwards).toEqual(['the run deletes the kind cluster']);
    expect((await planned({ keep: true }, 'kind')).afterwards).toEqual(['the kind cluster stays']);
    expect((await planned({ reuse: true }, 'kind')).creates.slice(0, 2)).toEqual([
      'no cluster: the run uses the kind cluster that a run kept last',
      'no mesh: the run uses the osm that is there',
    ]);
  });

  it('uses an existing cluster and its mesh, prefixes the namespaces, and installs nothing there', async () => {
    const dryRun = await planned({ provider: 'existing', context: 'prod' }, 'existing');
    expect(dryRun.creates).toContain('namespace meshproof-<run id>-curl: Deployment curl');
    expect(dryRun.creates).toContain('no mesh: the run uses the osm that is there');
    expect(dryRun.skip.map(({ id, verdict }) => [id, verdict])).toContainEqual(['egress/installed', 'not-run']);
    expect(dryRun.afterwards.join()).toMatch(/restores each setting/);
  });

  it('is printed without colour where there is no terminal', async () => {
    const dryRun = await planned({}, 'kind');
    const text = dryRunText(dryRun, coloursFor({ isTTY: false }));
    expect(text).toContain('with 2 switches of modes\n      begin: egress/installed\n    2 switch permissive off\n');
    expect(text).toContain('egress/moonlight: unsupported, ');
    expect(text).not.toContain('\u001b');
  });
});
