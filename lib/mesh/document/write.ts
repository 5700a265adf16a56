import { readFileSync, writeFileSync } from 'node:fs';
import { driversDocument, renewed } from './document.ts';

writeFileSync(driversDocument, renewed(readFileSync(driversDocument, 'utf8')));
