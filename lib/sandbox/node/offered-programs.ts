import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { PROGRAMS, SANDBOX } from './places.ts';

/** Longest that a program's libraries are looked up, ms. */
const LDD_MS = 10_000;

/** Something that containers get so that they have a program: the machine's own file, a link, or a script. */
export type OfferedProgram = { place: string } & ({ source: string } | { target: string } | { script: string });

/**
 * What containers need of a program that may lie anywhere, such as in a user's home: the program alone, and those of its
 * libraries that they do not see anyway. Nothing beside them.
 *
 * @param name - what it is called on a container's PATH
 * @param isSeen - whether containers see a file of the machine
 */
export async function offeredFiles(
  name: string,
  path: string,
  isSeen: (path: string) => boolean,
): Promise<OfferedProgram[]> {
  const source = realpathSync(path);
  const place = join(PROGRAMS, name);
  if (isSeen(source)) return [{ place, target: source }];
  const libraries = librariesIn(await ldd(source));
  if (libraries.every(isSeen)) return [{ place, source }];
  const inside = (library: string): string => join(SANDBOX, 'lib', basename(library));
  const loader = libraries.find((library) => /^ld-(linux|musl)/.test(basename(library)));
  if (loader === undefined) return [{ place, source }];
  const program = join(SANDBOX, 'libexec', name);
  return [
    ...libraries.map((library) => ({ place: inside(library), source: realpathSync(library) })),
    { place: program, source },
    { place, script: `#!/bin/sh\nexec ${inside(loader)} --library-path ${SANDBOX}/lib ${program} "$@"\n` },
  ];
}

/** The files that ldd(1) names: `libc.so.6 => /lib/libc.so.6 (0x…)`, and the loader `/lib64/ld-linux.so.2 (0x…)`. */
export function librariesIn(words: string): string[] {
  return words.split('\n').flatMap((line) => /^(?:\s*\S+ => |\s*)(\/.*) \(0x[0-9a-f]+\)$/.exec(line)?.[1] ?? []);
}

/** Empty where the program needs no library, or the machine has no ldd. */
async function ldd(path: string): Promise<string> {
  try {
    return (await promisify(execFile)('ldd', [path], { timeout: LDD_MS, killSignal: 'SIGKILL' })).stdout;
  } catch {
    // So it ends for a program without libraries, and so does a machine without ldd.
    return '';
  }
}
