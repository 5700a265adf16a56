import { readFileSync, writeFileSync } from 'node:fs';
import { driversPage, renewed } from './document.ts';

writeFileSync(driversPage, renewed(readFileSync(driversPage, 'utf8')));
