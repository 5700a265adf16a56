#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { compiledProgram } from '../lib/compiled/program.js';

process.setSourceMapsEnabled(true);
const compiled = await compiledProgram();
if (compiled === undefined) (await import('tsx/esm/api')).register();
const { main } = await import(compiled === undefined ? '../lib/cli/main.ts' : `${compiled}/main.js`);
// What a run allocates is mostly short-lived; sixteen megabytes for it, three times over, would be half of the program. Not
// sooner: Node's own modules come from a cache that V8 takes only while all flags are as when it was made.
setFlagsFromString('--semi-space-growth-factor=1');
await main(process.argv.slice(2));
