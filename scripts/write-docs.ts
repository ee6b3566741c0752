/** Updates the generated tables of docs/: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { docTables, withTable } from './doc-tables.ts';

for (const page of Object.keys(docTables)) {
  const file = new URL(`../docs/${page}`, import.meta.url);
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), page));
}
