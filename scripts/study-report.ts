/** Writes docs/REPORT.md and docs/report/*.svg from the committed records: `npm run study:report`. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newestRecords, readRecords } from './performance/read-records.ts';
import { newestStudies } from './study/read-studies.ts';
import { reportPage } from './study/report-page.ts';

const root = new URL('../', import.meta.url);
const folder = fileURLToPath(new URL('results/records/', root));
const records = readRecords(folder);
const { markdown, charts } = reportPage(newestStudies(folder), newestRecords(records), records.values());
writeFileSync(new URL('docs/REPORT.md', root), markdown);
const pictures = new URL('docs/report/', root);
mkdirSync(pictures, { recursive: true });
for (const file of readdirSync(pictures)) if (!charts.has(file)) rmSync(new URL(file, pictures));
for (const [file, svg] of charts) writeFileSync(new URL(file, pictures), svg);
