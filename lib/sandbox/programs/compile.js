// Strips the types of the sandbox's sources, so that its processes run on plain Node: a TypeScript loader in each of them
// would cost more memory and time than everything else they do.
// usage: node compile.js SOURCE-FOLDER TARGET-FOLDER
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { transformFileSync } from '@swc/core';

const [source, target] = process.argv.slice(2);

/** @type {import('@swc/core').Options} */
const options = {
  swcrc: false,
  jsc: {
    parser: { syntax: 'typescript' },
    target: 'es2022',
    transform: { verbatimModuleSyntax: true },
    rewriteRelativeImportExtensions: true,
  },
  module: { type: 'es6' },
};

for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith('.test.ts')) continue;
  const file = join(entry.parentPath, entry.name);
  const compiled = join(target, relative(source, file));
  mkdirSync(dirname(compiled), { recursive: true });
  if (entry.name.endsWith('.ts')) {
    writeFileSync(compiled.replace(/ts$/, 'js'), transformFileSync(file, options).code);
  } else {
    copyFileSync(file, compiled);
  }
}
writeFileSync(join(target, 'package.json'), '{"type":"module"}\n');
const modules = dirname(dirname(dirname(createRequire(import.meta.url).resolve('@swc/core/package.json'))));
symlinkSync(modules, join(target, 'node_modules'));
