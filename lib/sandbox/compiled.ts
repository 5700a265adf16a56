import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SandboxError } from './unshare.ts';

const SOURCE = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '');
const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));
/** Who works on the sources makes a new one each time; those that were used last are left alone: sandboxes may run on them. */
const MOST_KEPT = 10;

/**
 * The folder of the sandbox's programs as plain JavaScript. They are made once for the sources as they are, and kept for every
 * later sandbox of this user.
 * @throws SandboxError where they cannot be kept or made
 */
export async function compiledSandbox(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const cache = join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'meshproof');
  const folder = join(cache, `sandbox-${digest()}`);
  try {
    if (!existsSync(folder)) await compile(cache, folder);
    const now = new Date();
    utimesSync(folder, now, now);
    return folder;
  } catch (error) {
    throw new SandboxError(
      `the sandbox's programs cannot be made ready in ${cache}: ${error instanceof Error ? error.message : error}`,
      'set XDG_CACHE_HOME to a folder that this user may write to',
    );
  }
}

/** Of all that goes into the programs: libraries are pinned in package.json. */
function digest(): string {
  const hash = createHash('sha256');
  const files = readdirSync(SOURCE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of [PACKAGE, ...files.sort()]) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** In a process of its own, and whole or not at all: others may be doing the same. */
async function compile(cache: string, folder: string): Promise<void> {
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const making = mkdtempSync(join(cache, 'making-'));
  try {
    await promisify(execFile)(process.execPath, [join(SOURCE, 'programs', 'compile.js'), SOURCE, making]);
    if (!existsSync(folder)) renameSync(making, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  forgetOld(cache);
}

function forgetOld(cache: string): void {
  const kept = readdirSync(cache)
    .filter((name) => name.startsWith('sandbox-'))
    .map((name) => join(cache, name))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  for (const old of kept.slice(MOST_KEPT)) rmSync(old, { recursive: true, force: true });
}
