/**
 * Brings docs/PERFORMANCE.md, the README's headline figures, the recipes' statistics and each record.md up to date with the record.json files
 * under results/records: `npm run docs`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { performancePage, withHeadlines } from './performance/page.ts';
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

const readme = new URL('README.md', root);
const before = readFileSync(readme, 'utf8');
const after = withHeadlines(before, newest);
if (after !== before) writeFileSync(readme, after);

for (const recipe of featureRecipes()) {
  const text = readRecipe(recipe);
  const current = withStatistics(text, recipe, newest.get('recipes'));
  if (current !== text) writeFileSync(configFile(recipe), current);
}
