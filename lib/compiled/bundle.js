// @ts-check
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, stop } from 'esbuild';

/** Libraries that are seldom needed and large: they are loaded from where they are. */
const LEFT = /^(@kubernetes\/client-node|esbuild)$/;

/**
 * Sources find their project's other files by their own place, which stays theirs.
 * @type {import('esbuild').Plugin}
 */
const ownPlaces = {
  name: 'own-places',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /\/(lib|suites)\/.*\.[tj]s$/ }, ({ path }) =>
      path.includes('/node_modules/')
        ? undefined
        : {
            loader: path.endsWith('.ts') ? 'ts' : 'js',
            contents: readFileSync(path, 'utf8')
              .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
              .replaceAll('import.meta.dirname', JSON.stringify(dirname(path))),
          },
    );
    onResolve({ filter: LEFT }, ({ path }) => ({ path: import.meta.resolve(path), external: true }));
  },
};

/**
 * Makes plain JavaScript of the program, in few files: what subcommands load only when they are called stays apart.
 * @param {string} project
 * @param {string} folder
 */
export async function bundleProgram(project, folder) {
  const place = JSON.stringify(pathToFileURL(join(project, 'bin/meshproof.js')).href);
  await build({
    absWorkingDir: project,
    entryPoints: ['lib/cli/main.ts'],
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    plugins: [ownPlaces],
    // What is CommonJS among the libraries asks for Node's own modules by `require`.
    banner: { js: `import { createRequire as toRequire } from 'node:module';\nconst require = toRequire(${place});` },
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'silent',
  });
  // Its process would stay as long as this one.
  await stop();
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
}
