import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { builtFolder, PROJECT } from '../../compiled/built.js';
import { runCommand } from '../../processes/command.ts';
import type { Origin } from '../../prove/index.ts';

/** Time limit for git, ms. */
const GIT_MS = 10_000;
/** Folders that a verdict in the sandbox depends on, besides the program. */
const DATA = ['fixtures', 'meshes'];

/** What the cells of this matrix run with. The commit is `none` outside of a repository. */
export async function originOf(): Promise<Origin> {
  const { stdout, exitCode } = await runCommand(['git', '-C', PROJECT, 'rev-parse', 'HEAD'], { timeoutMs: GIT_MS });
  return { commit: exitCode === 0 ? stdout.trim() : 'none', suiteHash: await suiteHash() };
}

async function suiteHash(): Promise<string> {
  // The name of a build is a digest of its sources.
  const hash = createHash('sha256').update(basename(await builtFolder()));
  const files = DATA.flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  for (const file of files.sort()) hash.update(file.slice(PROJECT.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}
