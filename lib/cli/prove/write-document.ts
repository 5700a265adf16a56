import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from './document.ts';

// `npm run docs` runs this after a change of the cases.
const document = new URL('../../../docs/faults.md', import.meta.url);
writeFileSync(document, withTables(readFileSync(document, 'utf8')));
