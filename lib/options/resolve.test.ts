import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UsageError } from '../words/index.ts';
import { ownVariables } from './environment.ts';
import { optionRows, type RunOptions } from './options.ts';
import { resolveOptions } from './resolve.ts';
import type { OptionValue } from './values.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-options-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function resolved(
  commandLine: Record<string, OptionValue>,
  environment: Record<string, string> = {},
  file?: string,
): RunOptions {
  let config: Record<string, OptionValue> = {};
  if (file !== undefined) {
    writeFileSync(join(folder, 'meshproof.yaml'), file);
    config = { config: join(folder, 'meshproof.yaml') };
  }
  const values = new Map(Object.entries({ ...config, ...commandLine }));
  return resolveOptions({ commandLine: { source: 'command line', values }, environment, folder });
}

describe('precedence', () => {
  const file = 'retries: 1\nmesh: osm\nsuite: [egress]\n';

  it('takes the command line before the environment before the file', () => {
    expect(resolved({}, {}, file).retries).toBe(1);
    expect(resolved({}, { MESHPROOF_RETRIES: '2' }, file).retries).toBe(2);
    expect(resolved({ retries: 3 }, { MESHPROOF_RETRIES: '2' }, file).retries).toBe(3);
  });

  it('says where each given value comes from, and omits defaults', () => {
    const options = resolved({ retries: 3 }, { MESHPROOF_SUITE: 'permissive,egress' }, file);
    expect(options.named).toMatchObject({ retries: 'command line', suite: 'environment', mesh: 'file' });
    expect(options.named['provider']).toBeUndefined();
    expect(options.suites).toEqual(['permissive', 'egress']);
  });

  it('adds up set and image key by key, and the stronger source wins', () => {
    writeFileSync(join(folder, 'sets'), '# the lab\n\na=1\n  b=2=3\n');
    const yaml = 'set-file: sets\nset: [c=3]\nimage:\n  curl: mirror/curl:1\n  httpbin: mirror/httpbin:1\n';
    const options = resolved({ set: ['a=9'], image: ['curl=other/curl:2'] }, { MESHPROOF_SET: 'd=4' }, yaml);
    expect(options.sets).toEqual(['a=1', 'b=2=3', 'c=3', 'd=4', 'a=9']);
    expect(options.images).toEqual({ curl: 'other/curl:2', httpbin: 'mirror/httpbin:1' });
  });

  it('reads --set-secret as a setting, and lists the secret ones', () => {
    const options = resolved(
      { set: ['a=1'], 'set-secret': ['b=opensesame'] },
      { MESHPROOF_SET_SECRET: 'c=opensesame' },
    );
    expect(options.sets).toEqual(['c=opensesame', 'a=1', 'b=opensesame']);
    expect(options.secretSets).toEqual(['c=opensesame', 'b=opensesame']);
  });

  it('refuses a secret without showing it', () => {
    expect(() => resolved({}, { MESHPROOF_SET_SECRET: 'opensesame' })).toThrow(
      new UsageError('MESHPROOF_SET_SECRET must be KEY=VALUE (its value is not shown)'),
    );
    expect(() => resolved({}, { MESHPROOF_SET_SECRET: 'a.b=zq9' })).toThrow(
      /^the value of a\.b in MESHPROOF_SET_SECRET has fewer than 4 characters, (?!.*zq9)/,
    );
  });

  it('gives each option its property, and its default', () => {
    expect(resolved({ 'egress-target': 'example.com', 'node-image': 'x' })).toMatchObject({
      egressTarget: 'example.com',
      nodeImage: 'x',
      install: true,
      keep: false,
      suites: [],
      images: {},
      retries: 0,
      repeat: 1,
      out: 'reports',
    });
    expect(resolved({})).not.toHaveProperty('egressTarget');
  });

  it('counts an empty variable as none', () => {
    expect(resolved({}, { MESHPROOF_PROVIDER: '' }).named).toEqual({});
  });

  it('finds meshproof.yaml of the folder, and takes paths in it as relative to it', () => {
    writeFileSync(join(folder, 'meshproof.yaml'), 'out: here\nmesh: ./own.yaml\n');
    const options = resolved({});
    expect(options.out).toBe(join(folder, 'here'));
    expect(options.mesh).toBe(join(folder, 'own.yaml'));
  });
});

describe('the file', () => {
  it.each([
    [
      'retries: 1\nsute: egress\n',
      /meshproof.yaml:2: unknown option "sute"; did you mean "suite"\? \(allowed: suite, /,
    ],
    ['suite: egress\nretries: many\n', /meshproof.yaml:2: retries must be a whole number from 0 to 100, not "many"/],
    ['provider: knid\n', /meshproof.yaml:1: provider must be one of auto, .*, not "knid"; did you mean "kind"\?/],
    ['\n\nkeep: "maybe"\n', /meshproof.yaml:3: keep must be true or false, not "maybe"/],
    ['keep: 2\n', /meshproof.yaml:1: keep must be true or false, not "2"/],
    ['mesh:\n', /meshproof.yaml:1: mesh must be a text that is not empty, not ""/],
    ['mesh: [osm]\n', /meshproof.yaml:1: mesh must be a text that is not empty, not a list/],
    ['suite: []\n', /meshproof.yaml:1: suite must be a name, or several, not an empty list/],
    ['suite:\n  - egress\n  - {a: 1}\n', /meshproof.yaml:3: suite must be a name, or several, not a map/],
    ['set: {a: 1}\n', /meshproof.yaml:1: set must be a list of KEY=VALUE, not a map/],
    ['image: curl=x\n', /meshproof.yaml:1: image must be a map of ROLE: REF, not "curl=x"/],
    ['image:\n  curl:\n', /meshproof.yaml:2: image: curl has no image reference/],
    ['image:\n  curl: [a]\n', /meshproof.yaml:2: image must be a map of ROLE: REF, not a list/],
    ['repeat: 0\n', /meshproof.yaml:1: repeat must be a whole number from 1 to 1000, not "0"/],
    ['timeout-scale: .nan\n', /meshproof.yaml:1: timeout-scale must be a number from 0.1 to 100, not ".nan"/],
    ['config: other.yaml\n', /meshproof.yaml:1: "config" names this file, so it cannot be in it/],
    ['mesh: osm\n---\nmesh: none\n', /meshproof.yaml:2: a second document begins here/],
    ['image:\n  curl: a\n  crul: b\n', /meshproof.yaml:3: image: unknown role "crul"; did you mean "curl"\?/],
    [
      'deadline: 20\n',
      /meshproof.yaml:1: deadline must be a duration such as 90s, 20m or 1h30m, from 1s to 168h, not "20"/,
    ],
    ['set:\n  - a=1\n  - b\n', /meshproof.yaml:3: set must be KEY=VALUE, not "b"/],
    ['suite: [a\n', /meshproof.yaml:\d: /],
    ['seed: a\nsuite: &a [*a]\n', /meshproof.yaml:2: \*a is inside of itself/],
    [`seed: a\nsuite: ${'['.repeat(10_000)}`, /meshproof.yaml:2: lists and maps are nested more than 500 deep/],
    ['- suite\n', /meshproof.yaml:1: must be options/],
    ['retries: 1\nretries: 2\n', /meshproof.yaml:2: retries is already in line 1/],
    ['mesh: osm\ndry-run: true\n', /meshproof.yaml:2: "dry-run" is for the command line only: --dry-run/],
    ['sandbox-fault: none\n', /"sandbox-fault" is for the command line only/],
  ])('is refused with line and reason: %j', (yaml, message) => {
    expect(() => resolved({}, {}, yaml)).toThrow(message);
    expect(() => resolved({}, {}, yaml)).toThrow(UsageError);
  });

  it('is read as it is written, even if YAML would read another value', () => {
    const yaml = [
      'seed: 42',
      'node-image: 1.10',
      'registry: 0x10',
      'cluster-name: 007',
      'egress-target: true',
      'claim: [1.10, "x/y,x/z"]',
      'set: [a=1.10]',
      'keep: yes',
      'retries: "2"',
      'timeout-scale: 1.50',
      'suite: &both [egress, permissive]',
      'load-image: *both',
    ];
    expect(resolved({}, {}, yaml.join('\n'))).toMatchObject({
      seed: '42',
      nodeImage: '1.10',
      registry: '0x10',
      clusterName: '007',
      egressTarget: 'true',
      claims: ['1.10', 'x/y', 'x/z'],
      sets: ['a=1.10'],
      keep: true,
      retries: 2,
      timeoutScale: 1.5,
      suites: ['egress', 'permissive'],
      loadImages: ['egress', 'permissive'],
    });
  });

  it('may be empty', () => {
    expect(resolved({}, {}, '').provider).toBe('auto');
  });

  it('must exist if it was named', () => {
    expect(() => resolved({ config: join(folder, 'none.yaml') })).toThrow(/none.yaml: cannot be read \(ENOENT\)/);
  });
});

describe('the environment', () => {
  it('is checked like the command line', () => {
    expect(() => resolved({}, { MESHPROOF_TIMEOUT_SCALE: '0' })).toThrow(
      'MESHPROOF_TIMEOUT_SCALE must be a number from 0.1 to 100, not "0"',
    );
    expect(() => resolved({}, { MESHPROOF_KEEP: 'maybe' })).toThrow(/MESHPROOF_KEEP must be true or false/);
    expect(() => resolved({}, { MESHPROOF_IMAGE: 'crul=x' })).toThrow(/unknown role "crul"/);
    expect(resolved({}, { MESHPROOF_DEADLINE: '20m', MESHPROOF_INSTALL: 'true' })).toMatchObject({
      deadlineMs: 1_200_000,
      install: true,
    });
  });

  it('refuses a misspelt option, which could silently choose the sandbox', () => {
    expect(() => resolved({}, { MESHPROOF_PROVIDR: 'kind' })).toThrow(/did you mean "MESHPROOF_PROVIDER"/);
    expect(() => resolved({}, { MESHPROOF_MESHES: 'osm' })).toThrow(/did you mean "MESHPROOF_MESH"/);
    expect(() => resolved({}, { meshproof_mesh: 'osm' })).toThrow(/meshproof_mesh is .*did you mean "MESHPROOF_MESH"/);
    expect(() => resolved({}, { MESHPROF_MESH: 'osm' })).toThrow(/did you mean "MESHPROOF_MESH"/);
    expect(() => resolved({}, { MESHPROOF_SOMETHING_ELSE: '1' })).toThrow(/MESHPROOF_SOMETHING_ELSE is not an option/);
    expect(resolved({}, { MESHPROOF_SOMETHING_ELSE: '', MESH_ID: 'x' }).provider).toBe('auto');
  });

  it.each(['MESHPROOF_DRY_RUN', 'MESHPROOF_LIST', 'MESHPROOF_SANDBOX_FAULT'])(
    'refuses %s, which is for the command line only',
    (name) => {
      expect(() => resolved({}, { [name]: 'true' })).toThrow(`${name} cannot be set: --`);
    },
  );

  it('accepts every variable that the program itself sets', () => {
    const project = join(import.meta.dirname, '../..');
    const sources = ['lib', 'suites'].flatMap((part) =>
      readdirSync(join(project, part), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.[tj]s$/.test(file) && !/\.test\.ts$/.test(file))
        .map((file) => readFileSync(join(project, part, file), 'utf8')),
    );
    const named = new Set(sources.flatMap((text) => text.match(/\bMESHPROOF_[A-Z][A-Z_]*[A-Z]\b/g) ?? []));
    const options = optionRows.map(({ variable }) => variable);
    const own = [...named].filter((name) => !options.includes(name) && name !== 'MESHPROOF_NAME');
    expect(own.sort()).toEqual([...ownVariables].sort());
    expect(resolved({}, Object.fromEntries(own.map((name) => [name, 'x']))).named).toEqual({});
  });
});

describe('contradictions', () => {
  const existing = { provider: 'existing', context: 'prod', 'allow-mesh-wide-changes': true };

  it.each<[string, Record<string, OptionValue>, RegExp]>([
    ['existing without context', { provider: 'existing', 'allow-mesh-wide-changes': true }, /requires --context/],
    ['existing without consent', { provider: 'existing', context: 'prod' }, /requires --allow-mesh-wide-changes/],
    ['keep on an existing cluster', { ...existing, keep: true }, /--keep is for --provider kind, not for existing/],
    ['reuse in the sandbox', { provider: 'sandbox', reuse: true }, /--reuse is for --provider kind/],
    ['a context without existing', { context: 'prod' }, /--context is for --provider existing, not for auto/],
    ['no mesh on a new cluster', { provider: 'kind', install: false }, /--no-install: a new kind cluster.* --reuse/],
    ['list and dry run', { list: true, 'dry-run': true }, /choose one/],
    ['a cluster name that kind refuses', { 'cluster-name': 'My_Cluster' }, /--cluster-name must be/],
    [
      'a file that is not there',
      { 'kind-config': '/does/not/exist' },
      /--kind-config \/does\/not\/exist: no such file/,
    ],
  ])('%s is refused', (_, values, message) => {
    expect(() => resolved(values)).toThrow(message);
    expect(() => resolved(values)).toThrow(UsageError);
  });

  it('lets a stronger source choose another provider than the file is for', () => {
    const file = 'provider: existing\ncontext: prod\nallow-mesh-wide-changes: true\n';
    expect(resolved({ provider: 'sandbox' }, {}, file).provider).toBe('sandbox');
    expect(() => resolved({ keep: true }, {}, file)).toThrow(/--keep/);
  });

  it('allows --reuse with --no-install, and existing with all that it requires', () => {
    expect(resolved({ provider: 'kind', reuse: true, install: false }).reuse).toBe(true);
    expect(resolved({ ...existing, install: false }).context).toBe('prod');
    expect(resolved({ provider: 'existing', context: 'prod', 'dry-run': true }).dryRun).toBe(true);
  });
});
