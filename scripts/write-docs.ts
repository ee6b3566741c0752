/** Brings the generated part of docs/config.md up to date: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withConfigTable } from './config-table.ts';

const file = new URL('../docs/config.md', import.meta.url);
writeFileSync(file, withConfigTable(readFileSync(file, 'utf8')));
