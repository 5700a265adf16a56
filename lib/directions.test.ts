import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const PROJECT = join(import.meta.dirname, '..');

/** Files that break every rule once, and correct ones beside them. */
const TREE: Record<string, string> = {
  'suites/good.ts': "import '../lib/harness.ts';",
  'suites/eager.ts': "import '../lib/judge/index.ts';",
  'lib/harness.ts': "import './judge/index.ts'; import './kube/cluster.ts';",
  'lib/words/index.ts': "import '../evidence/index.ts';",
  'lib/evidence/index.ts': "import '../cli/index.ts';",
  'lib/kube/cluster.ts': "import type { Shape } from '../sandbox/index.ts'; export type S = Shape;",
  'lib/probe/index.ts': "import '../mesh/mesh.ts'; import 'p-retry';",
  'lib/mesh/mesh.ts': "import '../options/index.ts';",
  'lib/mesh/driver.ts': 'export const inner = 1;',
  'lib/judge/index.ts': "import '../probe/index.ts'; import '../mesh/driver.ts'; import '../options/index.ts';",
  'lib/judge/one.ts': "import './two.ts';",
  'lib/judge/two.ts': "import './one.ts'; import 'https-proxy-agent';",
  'lib/options/index.ts': "import '../report/index.ts';",
  'lib/report/index.ts': "import '../sandbox/index.ts';",
  'lib/sandbox/index.ts': "import '../evidence/index.ts'; export interface Shape { sides: number }",
  'lib/prove/index.ts': "import '../options/index.ts';",
  'lib/new/index.ts': "import '../words/index.ts';",
  'lib/cli/alone.ts': 'export const alone = 1;',
  'lib/cli/index.ts': 'export const leaf = 1;',
  'lib/cli/run.ts': "import '../judge/index.ts'; import '../options/index.ts'; import '../report/index.ts';",
};

interface Violation {
  rule: { name: string };
  from: string;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-directions-'));
  for (const [file, text] of Object.entries(TREE)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(PROJECT, 'tsconfig.json'), join(folder, 'tsconfig.json'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('every rule of the import directions reports its violation, and nothing else', () => {
  const program = join(PROJECT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const rules = join(PROJECT, '.dependency-cruiser.cjs');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [program, '--config', rules, '--output-type', 'json', 'lib', 'suites'],
    { cwd: folder, encoding: 'utf8', timeout: 60_000 },
  );
  expect(stderr).toBe('');
  const { summary } = JSON.parse(stdout) as { summary: { violations: Violation[] } };
  const caught = summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`);
  expect([...new Set(caught)].sort()).toEqual(
    [
      'judge-imports: lib/judge/index.ts',
      'kube-imports: lib/kube/cluster.ts',
      'evidence-imports: lib/evidence/index.ts',
      'every-folder-is-a-layer: lib/new/index.ts',
      'harness-imports-judge-only: lib/harness.ts',
      'mesh-imports: lib/mesh/mesh.ts',
      'no-circular: lib/judge/one.ts',
      'no-orphans: lib/cli/alone.ts',
      'one-place-retries: lib/probe/index.ts',
      'one-place-passes-proxies: lib/judge/two.ts',
      'options-imports: lib/options/index.ts',
      'probe-imports: lib/probe/index.ts',
      'prove-imports: lib/prove/index.ts',
      'report-imports: lib/report/index.ts',
      'sandbox-imports: lib/sandbox/index.ts',
      'suites-import-the-harness-only: suites/eager.ts',
      'through-the-front-door: lib/judge/index.ts',
      'words-imports: lib/words/index.ts',
    ].sort(),
  );
});
