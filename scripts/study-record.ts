/**
 * Stores a finished study as a record: `npm run study:record -- FOLDER` copies study.json, study.md and its charts,
 * study.yaml and cells.ndjson, without absolute paths, to results/records/<date>-study-<name>-<processor>/. Refuses studies that cannot be
 * reproduced.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseStudyRecord } from '../dist/study/study-record.js';
import { folderName } from './performance/record-format.ts';
import { withoutPaths } from './without-paths.ts';

const [folder, ...others] = process.argv.slice(2).filter((word) => word !== '--changed');
if (folder === undefined || others.length > 0) fail('usage: npm run study:record -- FOLDER [--changed]');
const file = path.join(folder, 'study.json');
if (!existsSync(file)) fail(`${file}: no such file; a study writes it when it ends`);
const record = parseStudyRecord(readFileSync(file, 'utf8'));
if (record.status !== 'done') fail(`${file}: expected a finished study, got status ${record.status}`);
if (record.commit?.endsWith('+') && !process.argv.includes('--changed'))
  fail(
    `${file}: the checkout had changes when it was measured; commit them and run the study again, or --changed`,
  );
const name = folderName({ ...record, bench: `study-${record.name}`, machine: { ...record.machine, v8: '' } });
const target = fileURLToPath(new URL(`../results/records/${name}/`, import.meta.url));
mkdirSync(target, { recursive: true });
const charts = record.comparisons
  .map(({ slug }) => `${slug}.svg`)
  .filter((each) => existsSync(path.join(folder, each)));
for (const each of ['study.json', 'study.md', 'study.yaml', 'cells.ndjson', ...charts])
  writeFileSync(path.join(target, each), withoutPaths(readFileSync(path.join(folder, each), 'utf8')));
console.log(`results/records/${name}`);

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
