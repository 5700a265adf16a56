import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './program.ts';

/** Everything that a run in the sandbox reads, except the packages. */
const PARTS = ['bin', 'lib', 'suites', 'fixtures', 'meshes', 'package.json', 'jest.base.js', 'tsconfig.json'];

/** A copy of the project, so that changes of its suites affect nothing else. */
export class CopiedProject {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    for (const part of PARTS) cpSync(join(PROJECT, part), join(path, part), { recursive: true });
    symlinkSync(join(PROJECT, 'node_modules'), join(path, 'node_modules'));
  }

  /** Replaces a suite's text. @returns a function that restores the old one */
  replaceSuite(name: string, text: string): () => void {
    const file = join(this.path, 'suites', name);
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, text);
    return () => writeFileSync(file, before);
  }
}
