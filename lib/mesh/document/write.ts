import { writeFileSync } from 'node:fs';
import { driversDocument } from './document.ts';

// `npm run docs`: the page follows the schema.
writeFileSync(new URL('../../../docs/drivers.md', import.meta.url), driversDocument());
