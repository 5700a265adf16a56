#!/usr/bin/env node
// The program is TypeScript and runs as it stands: tsx strips the types while loading.
import { register } from 'tsx/esm/api';

register();
const { main } = await import('../lib/cli/main.ts');
await main(process.argv.slice(2));
