// @ts-check
// Builds the program as plain JavaScript into a folder of `dist`, completely or not at all. Loading hundreds of TypeScript
// files would cost each run a second and seventy megabytes.
// usage: node build.js [--alone]      --alone removes every other build from dist, for a package
import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildsIn, damageOf, digestOf, folderFor, MANIFEST, PROJECT } from './built.js';

/** Earlier builds to keep: running programs may still load parts of them. */
const MOST_KEPT = 10;
/** An unfinished build that is older than this was killed, ms. */
const UNFINISHED_MS = 3_600_000;

/** jest provides it to the claims' process. */
const EXTERNAL = ['@jest/globals'];

/** @throws Error that says what to install, where it is missing */
async function compiler() {
  try {
    return await import('esbuild');
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw code === 'ERR_MODULE_NOT_FOUND'
      ? new Error('esbuild is not installed; it comes with the development packages: npm ci without --omit=dev')
      : new Error(`esbuild cannot be loaded: ${message}`);
  }
}

/** Libraries in CommonJS load Node's modules by `require`. */
const REQUIRE =
  "import { createRequire as toRequire } from 'node:module';\nconst require = toRequire(import.meta.url);";

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: PROJECT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // Prefer a library's ES module form, of which esbuild takes only what is used.
  mainFields: ['module', 'main'],
  external: EXTERNAL,
  logLevel: 'silent',
};

/** @type {import('esbuild').BuildOptions} */
const mapped = { ...common, banner: { js: REQUIRE }, sourcemap: 'linked', sourcesContent: false };

/**
 * The command, in few files: modules that a subcommand loads when it is called stay separate.
 * @param {string} outdir
 */
async function buildProgram(outdir) {
  const entryPoints = { main: 'lib/cli/main.ts', worker: 'lib/cli/prove/worker.ts' };
  await (await compiler()).build({ ...mapped, entryPoints, outdir, splitting: true });
}

/**
 * What jest loads: one file, so that it has nothing to transform and nothing to search for.
 * @param {string} outdir
 */
async function buildClaims(outdir) {
  await (await compiler()).build({ ...mapped, entryPoints: ['lib/run/jest/claims.ts'], outdir });
  copyFileSync(join(PROJECT, 'lib/run/jest/environment.js'), join(outdir, 'environment.js'));
}

/**
 * The sandbox's processes, one file each. The API server reads its table from the same folder.
 * @param {string} outdir
 */
async function buildSandbox(outdir) {
  const { build } = await compiler();
  const source = join(PROJECT, 'lib/sandbox');
  const own = { ...common, absWorkingDir: source, outdir, outbase: source };
  await build({ ...own, entryPoints: ['main.ts'], banner: { js: REQUIRE } });
  // A dozen of these start at once. CommonJS saves each the start of Node's module loader.
  const programs = ['sidecar', 'httpbin', 'tcp-echo', 'nc'].map((name) => `programs/${name}.ts`);
  await build({ ...own, entryPoints: programs, format: 'cjs' });
  copyFileSync(join(source, 'api/kubernetes.json'), join(outdir, 'kubernetes.json'));
  writeFileSync(join(outdir, 'programs', 'package.json'), '{"type":"commonjs"}\n');
}

/** @param {string} folder an empty one */
async function buildAll(folder) {
  const parts = { program: buildProgram, claims: buildClaims, sandbox: buildSandbox };
  const made = await Promise.allSettled(
    Object.entries(parts).map(async ([name, make]) => {
      const part = join(folder, name);
      mkdirSync(part);
      await make(part);
      writeFileSync(join(part, 'package.json'), '{"type":"module"}\n');
    }),
  );
  for (const each of made) if (each.status === 'rejected') throw each.reason;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const digests = Object.fromEntries(files.map((file) => [file, digestOf(join(folder, file))]));
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(digests, null, 1)}\n`);
}

/** Others may be building the same; the first one to finish puts it in place. @param {string} folder */
async function buildWhole(folder) {
  const dist = dirname(folder);
  mkdirSync(dist, { recursive: true });
  // Not mkdtemp, whose folders are private: every user runs what root builds.
  const making = join(dist, `making-${randomUUID()}`);
  mkdirSync(making);
  try {
    await buildAll(making);
    if (damageOf(folder) === undefined) return;
    // Move a damaged one away first: a folder that is not empty cannot be replaced.
    if (existsSync(folder)) renameSync(folder, join(making, 'damaged'));
    renameSync(making, folder);
    rmSync(join(folder, 'damaged'), { recursive: true, force: true });
  } catch (error) {
    if (damageOf(folder) !== undefined) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {number} mostKept */
function removeOld(folder, mostKept) {
  const dist = dirname(folder);
  const unfinished = readdirSync(dist)
    .filter((name) => name.startsWith('making-'))
    .map((name) => join(dist, name))
    .filter((each) => Date.now() - statSync(each).mtimeMs > UNFINISHED_MS);
  const others = buildsIn(dist)
    .filter((each) => each !== folder)
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)
    .slice(mostKept);
  for (const old of [...unfinished, ...others]) rmSync(old, { recursive: true, force: true });
}

try {
  const folder = folderFor();
  if (damageOf(folder) !== undefined) await buildWhole(folder);
  const now = new Date();
  utimesSync(folder, now, now);
  removeOld(folder, process.argv.includes('--alone') ? 0 : MOST_KEPT);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
