import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { listDrivers, listUnverified, loadDriver } from './mesh/index.ts';

const project = join(import.meta.dirname, '..');

/** Files about one mesh on purpose: drivers, the built-in mesh, and the proof of the suites. */
const aboutMeshes = /^lib\/(mesh|sandbox|prove)\/|\.(test|contract)\.ts$|\/testing\//;

/** Where words that name a mesh, its objects or its proxies are allowed. */
const allowed: Record<string, string[]> = {
  // The default mesh, and the help that names it.
  'lib/options/choose-provider.ts': ['osm'],
  'lib/options/option-rows.ts': ['osm'],
  'lib/cli/program.ts': ['osm', 'Open Service Mesh'],
  // The name of the fixtures' published image.
  'lib/fixtures/table.ts': ['istio'],
  // Download addresses of the drivers' commands.
  'lib/words/tool-remedy.ts': ['cilium', 'consul', 'fsm', 'istio', 'kuma', 'linkerd', 'osm'],
};

/** Drivers without names of a real mesh. */
const nameless = ['none', 'reference'];
/** Words of a driver that are also ordinary words. */
const ordinary = /^(sidecar|proxy|controller|controlPlane|default)$/;

/** Names of meshes, control planes, proxies, custom kinds and their API groups, as the drivers have them. */
async function wordsOfMeshes(): Promise<string[]> {
  const words = new Set<string>();
  for (const name of [...(await listDrivers()), ...(await listUnverified())]) {
    const { spec } = await loadDriver(name);
    if (!nameless.includes(name)) words.add(name).add(spec.implementation.project.replace(/,.*/, ''));
    const { controlPlane, dataPlane } = spec;
    for (const word of [controlPlane?.namespace, ...(controlPlane?.deployments ?? []), dataPlane?.container]) {
      if (word !== undefined && word !== 'kube-system') words.add(word);
    }
    const text = JSON.stringify([spec.modes, spec.policy, spec.diagnostics ?? {}]);
    for (const [, kind = ''] of text.matchAll(/"kind":"(\w+)"/g)) if (/[A-Z].*[A-Z]/.test(kind)) words.add(kind);
    for (const [, group = ''] of text.matchAll(/"apiVersion":"([\w.-]+\.[\w.-]+)\//g)) {
      if (!group.endsWith('k8s.io')) words.add(group);
    }
  }
  return [...words].filter((word) => !ordinary.test(word) && word !== 'ServiceAccount');
}

function filesUnder(folder: string): string[] {
  return readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => relative(project, join(project, folder, file)));
}

/** A file's code without comments and without a claim's `spec`. */
function withoutProse(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
    .replace(/^\s*(title|spec):\s*\n?\s*(['"`]).*\2,$/gm, '');
}

/** Every word of a mesh in the code of a file, once. */
function foundIn(text: string, words: readonly string[]): string[] {
  const code = withoutProse(text);
  return words.filter((word) => new RegExp(`(?<![\\w-])${word.replace(/[.]/g, '\\.')}(?![\\w-])`).test(code));
}

test('neither suites nor the harness name a mesh, its objects or its proxy', async () => {
  const words = await wordsOfMeshes();
  const files = [...filesUnder('suites'), ...filesUnder('lib')].filter((file) => !aboutMeshes.test(file));
  const found = files.flatMap((file) => {
    const names = foundIn(readFileSync(join(project, file), 'utf8'), words);
    return names.filter((name) => !allowed[file]?.includes(name)).map((name) => `${file}: ${name}`);
  });
  expect(found).toEqual([]);
  expect(files.length).toBeGreaterThan(100);
});

test('such words are known from the drivers, and found in code but not in prose', async () => {
  const words = await wordsOfMeshes();
  const some = ['istio', 'Kuma', 'istio-proxy', 'envoy', 'TrafficTarget', 'access.smi-spec.io', 'osm-controller'];
  expect(words).toEqual(expect.arrayContaining(some));
  const code = "// istio\nconst kind = 'TrafficTarget';\nclaim({\n  title: 'envoy has it',\n  id: 'a/osm',\n});";
  expect(foundIn(code, words).sort()).toEqual(['TrafficTarget', 'osm']);
});
