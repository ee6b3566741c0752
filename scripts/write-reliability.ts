/** Writes docs/RELIABILITY.md from the promises and the newest records: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newestRecords, readRecords } from './performance/read-records.ts';
import { reliabilityPage } from './reliability/page.ts';

const root = new URL('../', import.meta.url);
const records = newestRecords(readRecords(fileURLToPath(new URL('results/records/', root))));
writeFileSync(new URL('docs/RELIABILITY.md', root), reliabilityPage(records));
