import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder, keptFolder, sourcesIn } from '../compiled/index.js';
import { SandboxError } from './unshare.ts';

const SOURCE = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '');
const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));

/**
 * The folder of the sandbox's programs as plain JavaScript.
 * @throws SandboxError where they cannot be kept or made
 */
export async function compiledSandbox(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const cache = cacheFolder(environment);
  try {
    // Libraries are pinned in package.json.
    return await keptFolder(cache, 'sandbox', [PACKAGE, ...sourcesIn(SOURCE)], compile);
  } catch (error) {
    throw new SandboxError(
      `the sandbox's programs cannot be made ready in ${cache}: ${error instanceof Error ? error.message : error}`,
      'set XDG_CACHE_HOME to a folder that this user may write to',
    );
  }
}

async function compile(folder: string): Promise<void> {
  await promisify(execFile)(process.execPath, [join(SOURCE, 'programs', 'compile.js'), SOURCE, folder]);
}
