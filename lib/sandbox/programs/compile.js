// Makes plain JavaScript of the sandbox's sources, one file for each of its processes: a TypeScript loader in each of them,
// or hundreds of small files, would cost more time than everything else they do.
// usage: node compile.js SOURCE-FOLDER TARGET-FOLDER
import { copyFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';

const [source, target] = process.argv.slice(2);

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: source,
  outdir: target,
  outbase: source,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Of libraries in both forms the one of which only what is used is taken.
  mainFields: ['module', 'main'],
  logLevel: 'warning',
};
buildSync({
  ...common,
  entryPoints: ['main.ts'],
  format: 'esm',
  // What is CommonJS among the libraries asks for Node's own modules by `require`.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
});
// A dozen of these start at once, each sooner by what Node's loader of modules would take.
buildSync({
  ...common,
  entryPoints: ['sidecar', 'httpbin', 'tcp-echo', 'nc'].map((name) => `programs/${name}.ts`),
  format: 'cjs',
});
// Tables that are read beside the file that asks for them.
for (const table of ['api/schema/kubernetes.json', 'api/schema/protobuf.json']) {
  copyFileSync(join(source, table), join(target, basename(table)));
}
writeFileSync(join(target, 'package.json'), '{"type":"module"}\n');
writeFileSync(join(target, 'programs', 'package.json'), '{"type":"commonjs"}\n');
