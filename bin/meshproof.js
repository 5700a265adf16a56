#!/usr/bin/env node
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { builtFolder } from '../lib/compiled/built.js';

/** Loads the program. If there is none to load, one message says why and what to do. */
async function load() {
  try {
    return await import(pathToFileURL(join(await builtFolder(), 'program', 'main.js')).href);
  } catch (error) {
    if (error.whose !== 'environment') throw error;
    process.stderr.write(`meshproof: ${error.message}\n  -> ${error.remedy}\n`);
    process.exitCode = 3;
    return undefined;
  }
}

process.setSourceMapsEnabled(true);
const program = await load();
// What a run allocates is mostly short-lived; sixteen megabytes for it, three times over, would be half of the program. Not
// sooner: Node's own modules come from a cache that V8 takes only while all flags are as when it was made.
setFlagsFromString('--semi-space-growth-factor=1');
await program?.main(process.argv.slice(2));
