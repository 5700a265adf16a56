import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Origin } from '../../prove/index.ts';
import { PROJECT } from './program-process.ts';

/** Everything that a verdict in the sandbox depends on. */
const SOURCES = ['suites', 'fixtures', 'meshes', 'lib'];

/** What this matrix is made with. The commit is `none` outside of a repository. */
export async function originOf(): Promise<Origin> {
  const { stdout, exitCode } = await execa('git', ['rev-parse', 'HEAD'], { cwd: PROJECT, reject: false });
  return { commit: exitCode === 0 ? stdout.trim() : 'none', suiteHash: suiteHash() };
}

function suiteHash(): string {
  const hash = createHash('sha256');
  const files = SOURCES.flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  for (const file of files.sort()) hash.update(file.slice(PROJECT.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}
