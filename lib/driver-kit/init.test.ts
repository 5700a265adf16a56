import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { inspectDriver } from '../mesh/index.ts';
import { collectAnswers, driverSkeleton, initCommand } from './init.ts';

const folder = mkdtempSync(join(tmpdir(), 'meshproof-init-'));
afterAll(() => rmSync(folder, { recursive: true }));
const byDefault = async (_: string, value: string): Promise<string> => value;

test('asks for what no flag gives, with a default from the name', async () => {
  const asked: [string, string][] = [];
  const answers = await collectAnswers({ name: 'zed', container: '' }, async (question, value) => {
    asked.push([question, value]);
    return question.startsWith('its version') ? 'v7' : value;
  });
  expect(answers).toEqual({
    name: 'zed',
    project: 'zed',
    version: 'v7',
    namespace: 'zed-system',
    deployment: 'zed-controller',
    container: '',
    label: 'zed.example/inject=enabled',
  });
  expect(asked.map(([question]) => question)).not.toContain('the name of the mesh, as used by --mesh');
});

test('refuses a wrong answer with its flag', async () => {
  await expect(collectAnswers({ name: 'My Mesh' }, byDefault)).rejects.toThrow(
    '--name "My Mesh" cannot be the name of the mesh, as used by --mesh; allowed: lower-case letters, digits',
  );
  await expect(collectAnswers({ label: 'inject' }, byDefault)).rejects.toThrow(
    '--label "inject" cannot be the label that enrols a namespace; allowed: KEY=VALUE',
  );
});

test.each([{}, { container: '' }, { name: 'zed', project: 'The "Zed": a mesh', label: 'zed.io/on=' }])(
  'a new driver from %j is sound, has nothing odd, and explains its fields',
  async (flags) => {
    const file = join(folder, `${Object.keys(flags).join('-') || 'none'}.yaml`);
    expect(await initCommand(file, { ...(await collectAnswers(flags, byDefault)) })).toBe(0);
    const { driver, remarks } = await inspectDriver(file);
    expect(remarks).toEqual([]);
    expect(driver.spec.verified).toBe(false);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('# Where the control plane runs.');
    expect(text).not.toContain('#?');
    // The proposals in comments are sound as well, once they are uncommented.
    const taken = text.replace(
      /^( *)# ?((?: {2})*(?:route|invalid|- (?:apiVersion|patch)|kind|metadata|spec|merge):.*)$/gm,
      '$1$2',
    );
    expect(taken).not.toBe(text);
    const promised = taken
      .replace(/^ +(switch-validation|route-objects): not examined.*\n/gm, '')
      .replace('    - tcp-policy\n', '    - tcp-policy\n    - switch-validation\n    - route-objects\n')
      .replace(/^ {4}http:\n(.*\n)*?(?=\n)/m, '')
      .replace('    - http-policy\n', '');
    writeFileSync(`${file}.all.yaml`, promised);
    await expect(inspectDriver(`${file}.all.yaml`)).resolves.toHaveProperty('driver.spec.policy.allow.tcp.route');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  },
);

test('leaves an existing file alone', async () => {
  const file = join(folder, 'none.yaml');
  const before = readFileSync(file, 'utf8');
  await expect(initCommand(file, {})).rejects.toThrow(`${file} exists already`);
  expect(readFileSync(file, 'utf8')).toBe(before);
});

test('the schema has every field that has a comment', async () => {
  const answers = await collectAnswers({}, byDefault);
  expect(() => driverSkeleton(answers)).not.toThrow();
});
