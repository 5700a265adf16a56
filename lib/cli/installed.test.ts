/** The real program as users install it: in folders of any name, from a package, and with damaged files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { builtFolder } from '../compiled/built.js';
import { missingForSandbox } from '../sandbox/index.ts';

jest.setTimeout(120_000);

const PROJECT = resolve(import.meta.dirname, '../..');
const PARTS = [
  'bin',
  'docs',
  'fixtures',
  'lib',
  'meshes',
  'suites',
  'kind-config.yaml',
  'package.json',
  'LICENSE',
  'README.md',
];
/**
 * Characters with a meaning for globs, regular expressions, URLs, shells or mount tables. No backslash: Node loads
 * nothing below one.
 */
const NASTY = join('!a', ' a[b]*(c|d){e,f}?%2F#+^$ ä\'"`', '@(x)\nnext');
const QUICK_CLAIM = ['run', '--provider', 'sandbox', '--claim', 'permissive/off-closes'];
const testInSandbox = (await missingForSandbox()).length === 0 ? test : test.skip;

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-installed-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A checkout of these sources and their build in another folder. */
async function checkout(place: string): Promise<string> {
  mkdirSync(join(place, 'dist'), { recursive: true });
  for (const part of PARTS) cpSync(join(PROJECT, part), join(place, part), { recursive: true });
  const built = await builtFolder();
  cpSync(built, join(place, 'dist', basename(built)), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules'), join(place, 'node_modules'));
  return place;
}

async function end(file: string, words: string[], cwd: string, environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    TMPDIR: folder,
    XDG_STATE_HOME: join(folder, 'state'),
    ...environment,
  };
  const child = spawn(file, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 100_000 });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status: status as number | null, stdout, stderr };
}

function meshproof(project: string, words: string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const cwd = join(folder, 'elsewhere');
  mkdirSync(cwd, { recursive: true });
  return end(process.execPath, [join(project, 'bin/meshproof.js'), ...words], cwd, environment);
}

/** Expects only one line and its remedy, without a stack trace. */
function expectOneSentence({ status, stdout, stderr }: Ended, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
}

describe('a checkout', () => {
  testInSandbox(
    'judges a claim in a folder of any name, through a link, with Node hooks and programs around it',
    async () => {
      const project = await checkout(join(folder, NASTY));
      const link = join(folder, 'link');
      symlinkSync(project, link);
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      for (const name of ['watchman', 'find', 'git', 'hg', 'sl']) {
        writeFileSync(join(bin, name), '#!/bin/sh\nsleep 600\n');
        chmodSync(join(bin, name), 0o755);
      }
      mkdirSync(join(folder, 'elsewhere'), { recursive: true });
      writeFileSync(join(folder, 'elsewhere', 'hook.cjs'), '');
      const temporary = join(folder, `${'t'.repeat(100)} [!]%2F#?`);
      mkdirSync(temporary);

      const ended = await meshproof(link, [...QUICK_CLAIM, '--out', join(folder, NASTY, 'reports')], {
        PATH: `${bin}${delimiter}${process.env['PATH']}`,
        TMPDIR: temporary,
        NODE_OPTIONS: '--require ./hook.cjs',
        NODE_PATH: '/nowhere:relative',
        XDG_CACHE_HOME: 'relative/%2F#?\n',
        HOME: undefined,
      });

      expect(ended.stderr).toBe('');
      expect(ended.stdout).toContain('1 claim: 1 passed');
      expect(ended.status).toBe(0);
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  test('builds itself again when its build is damaged, and runs no old code', async () => {
    const project = await checkout(join(folder, 'damaged'));
    const built = join(project, 'dist', readdirSync(join(project, 'dist'))[0] ?? '');
    const main = join(built, 'program/main.js');
    const damages: Record<string, () => void> = {
      truncated: () => truncateSync(main, 100),
      garbage: () => writeFileSync(join(built, 'sandbox/main.js'), ')]}'),
      missing: () => rmSync(join(built, 'claims/claims.js')),
      'no list of files': () => writeFileSync(join(built, 'built.json'), ''),
    };
    for (const [name, damage] of Object.entries(damages)) {
      damage();
      expect([name, await meshproof(project, ['--help'])]).toEqual([
        name,
        { status: 0, stderr: '', stdout: expect.stringContaining('Usage: meshproof') },
      ]);
    }

    const source = join(project, 'lib/cli/program.ts');
    writeFileSync(source, readFileSync(source, 'utf8').replace('Conformance and', 'Changed and'));
    expect((await meshproof(project, ['--help'])).stdout).toContain('Changed and');
    expect(readdirSync(join(project, 'dist')).filter((name) => name.startsWith('making-'))).toEqual([]);
  });

  test('says in one sentence why it is not built and cannot be', async () => {
    const project = await checkout(join(folder, 'unbuilt'));
    rmSync(join(project, 'dist'), { recursive: true });
    rmSync(join(project, 'node_modules'));
    expectOneSentence(await meshproof(project, ['--help']), /is not built.*esbuild is not installed/);

    symlinkSync(join(PROJECT, 'node_modules'), join(project, 'node_modules'));
    appendFileSync(join(project, 'lib/cli/main.ts'), '\nconst = 1;\n');
    expect(await meshproof(project, ['--help'])).toMatchObject({
      status: 3,
      stdout: '',
      stderr: expect.stringMatching(/is not built[\s\S]*lib\/cli\/main\.ts:\d+:\d+: ERROR/),
    });
  });
});

describe('a package', () => {
  let installed: string;

  beforeAll(async () => {
    const project = await checkout(join(folder, 'packed'));
    mkdirSync(join(project, 'dist', 'feedfeedfeedfeed'));
    const packed = await end('npm', ['pack', '--silent', '--offline', '--pack-destination', folder], project);
    expect(packed).toMatchObject({ status: 0 });
    const modules = join(folder, 'user of [it]', 'node_modules');
    installed = join(modules, 'meshproof');
    mkdirSync(installed, { recursive: true });
    const tarball = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '');
    expect(await end('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'], folder)).toMatchObject({
      status: 0,
    });
    linkDependencies(modules);
  });

  /** What `npm install` puts beside a package: no compiler or other development packages. */
  function linkDependencies(modules: string): void {
    const { packages } = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    for (const [path, { dev }] of Object.entries(packages)) {
      const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
      if (name === undefined || dev === true || !existsSync(join(PROJECT, path))) continue;
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(PROJECT, path), join(modules, name));
    }
    for (const name of ['tsx', 'esbuild', '@swc']) expect(existsSync(join(modules, name))).toBe(false);
  }

  test('contains its documents, data and one build, and no source', () => {
    for (const file of [
      'docs/drivers.md',
      'meshes/schema.json',
      'fixtures',
      'suites/egress.ts',
      'kind-config.yaml',
      'README.md',
    ]) {
      expect([file, existsSync(join(installed, file))]).toEqual([file, true]);
    }
    expect(readdirSync(join(installed, 'dist'))).toHaveLength(1);
    expect(readdirSync(join(installed, 'lib'), { recursive: true })).toEqual(['compiled', 'compiled/built.js']);
    expect(readdirSync(join(installed, 'suites')).filter((name) => name.includes('.test.'))).toEqual([]);
  });

  test('lists claims, looks at the machine and checks drivers', async () => {
    const [list, doctor, check] = await Promise.all([
      meshproof(installed, ['list', '--suite', 'egress']),
      meshproof(installed, ['doctor', '--provider', 'sandbox']),
      meshproof(installed, ['driver', 'check', 'osm']),
    ]);
    expect(list).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('egress/') });
    expect(check).toMatchObject({ status: 0, stderr: '' });
    expect(doctor.stdout).toContain('sandbox');
    expect(doctor.stderr).not.toMatch(/ENOENT|Cannot find|^\s+at /m);
  });

  testInSandbox('judges a claim', async () => {
    const ended = await meshproof(installed, [...QUICK_CLAIM, '--out', join(folder, 'reports of a package')]);
    expect(ended.stdout).toContain('1 claim: 1 passed');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('says in one sentence that it is damaged, and to install it again', async () => {
    const [built = ''] = readdirSync(join(installed, 'dist'));
    truncateSync(join(installed, 'dist', built, 'program/main.js'), 50);
    expectOneSentence(
      await meshproof(installed, ['list']),
      /program\/main\.js is not as it was built\n {2}-> install the package again/,
    );
    rmSync(join(installed, 'dist'), { recursive: true });
    expectOneSentence(await meshproof(installed, ['list']), /lacks its program \(dist\)/);
  });
});
