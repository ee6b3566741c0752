/** Brings docs/PERFORMANCE.md and the README's headline figures up to date with results/records: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { performancePage, withHeadlines } from './performance/page.ts';
import { newestRecords } from './performance/read-records.ts';

const root = new URL('../', import.meta.url);
const records = newestRecords(fileURLToPath(new URL('results/records/', root)));
writeFileSync(new URL('docs/PERFORMANCE.md', root), performancePage(records));

const readme = new URL('README.md', root);
const before = readFileSync(readme, 'utf8');
const after = withHeadlines(before, records);
if (after !== before) writeFileSync(readme, after);
