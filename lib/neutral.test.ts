import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { listDrivers, listUnverified, loadDriver } from './mesh/index.ts';

const project = join(import.meta.dirname, '..');

/** What is about one mesh on purpose: drivers, and the built-in mesh with what proves the suites by it. */
const aboutMeshes = /^lib\/(mesh|sandbox|prove)\/|\.(test|contract)\.ts$|\/testing\//;

/** Words that name a mesh, its objects or its proxies, where they may stand, and why. */
const allowed: Record<string, string[]> = {
  // The mesh that is tested when none is named, and the help that says so.
  'lib/options/choose-provider.ts': ['osm'],
  'lib/options/option-rows.ts': ['osm'],
  'lib/cli/program.ts': ['osm', 'Open Service Mesh'],
  // The fixtures' image is published under that name.
  'lib/fixtures/table.ts': ['istio'],
  // The addresses from which the commands come that drivers run.
  'lib/words/tool-remedy.ts': ['cilium', 'consul', 'fsm', 'istio', 'kuma', 'linkerd', 'osm'],
};

/** Drivers that name nothing of a mesh's own. */
const nameless = ['none', 'reference'];
/** Words that some driver gives a meaning to, and that ordinary sentences need. */
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

/** What a program does, without what it says to readers: comments, and the sentences of the guides that a claim cites. */
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
