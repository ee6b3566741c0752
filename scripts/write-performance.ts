/**
 * Updates docs/PERFORMANCE.md, docs/figures.md, the README's figures, the recipes' statistics and each record.md from
 * the record.json files under results/records: `npm run docs`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { performancePage, withFigures } from './performance/page.ts';
import { newestRecords, readRecords } from './performance/read-records.ts';
import { configFile, featureRecipes, readRecipe, withStatistics } from './performance/recipe-comments.ts';
import { recordMarkdown } from './performance/record-markdown.ts';

const root = new URL('../', import.meta.url);
const folder = new URL('results/records/', root);
const records = readRecords(fileURLToPath(folder));
for (const [name, record] of records)
  writeFileSync(new URL(`${name}/record.md`, folder), recordMarkdown(record));

const newest = newestRecords(records);
writeFileSync(new URL('docs/PERFORMANCE.md', root), performancePage(newest));

for (const [file, folder] of [
  ['README.md', ''],
  ['docs/figures.md', 'docs'],
] as const) {
  const page = new URL(file, root);
  const before = readFileSync(page, 'utf8');
  const after = withFigures(before, newest, folder);
  if (after !== before) writeFileSync(page, after);
}

for (const recipe of featureRecipes()) {
  const text = readRecipe(recipe);
  const current = withStatistics(text, recipe, newest.get('recipes'));
  if (current !== text) writeFileSync(configFile(recipe), current);
}
