/** The statistics in the comment of a recipe's file, from the newest record of `npm run bench -- recipes`. */
import { readdirSync, readFileSync } from 'node:fs';
import { table } from '../../dist/numbers/columns.js';
import { maximum, mean, minimum, standardDeviation } from '../../dist/numbers/statistics.js';
import type { BenchRecord } from './record-format.ts';

const configs = new URL('../../configs/', import.meta.url);
const [begin, end] = ['# statistics:begin', '# statistics:end'];

/** Names of the shipped recipes on direction features: those of MNIST with a target in their name. */
export const featureRecipes = (): string[] =>
  readdirSync(configs)
    .filter((file) => file.startsWith('mnist-') && file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();

export const configFile = (recipe: string): URL => new URL(`${recipe}.yaml`, configs);

export const readRecipe = (recipe: string): string => readFileSync(configFile(recipe), 'utf8');

/** Key of a case's samples in the record. */
export const statisticsCase = (recipe: string, images: string): string => `${recipe}, ${images}, accuracy`;

/** The text of a recipe's file with current statistics; without a record, with none. */
export function withStatistics(text: string, recipe: string, record: BenchRecord | undefined): string {
  const [from, to] = [text.indexOf(`${begin}\n`), text.indexOf(`${end}\n`)];
  const bare = from < 0 ? text : text.slice(0, from) + text.slice(to + end.length + 1);
  const lines = record === undefined ? [] : statistics(recipe, record);
  if (lines.length === 0) return bare;
  // After the comment that describes the recipe.
  const first = bare.search(/^[^#]/m);
  const block = [begin, ...lines.map((line) => `# ${line}`), end].join('\n');
  return `${bare.slice(0, first)}${block}\n${bare.slice(first)}`;
}

/** Mean accuracy and the number of seeds that reached the target, by recipe and images: a Markdown table. */
export function recipeTable({ samples }: BenchRecord): string {
  const cases = [...new Set(Object.keys(samples).map((key) => key.split(', ')[1]))];
  const rows = featureRecipes().map((recipe) => [
    `\`${recipe}\``,
    ...cases.map((images) => {
      const accuracies = samples[statisticsCase(recipe, images)] ?? [];
      if (accuracies.length === 0) return '';
      const reached = accuracies.filter((accuracy) => accuracy >= targetOf(recipe)).length;
      return `${(100 * mean(accuracies)).toFixed(2)} (${reached}/${accuracies.length})`;
    }),
  ]);
  return table([['recipe', ...cases], ...rows]);
}

/** The share in a recipe's name. */
const targetOf = (recipe: string): number => Number(/^mnist-([\d.]+)/.exec(recipe)?.[1]) / 100;

function statistics(recipe: string, { samples, date }: BenchRecord): string[] {
  const prefix = statisticsCase(recipe, '').slice(0, -', accuracy'.length);
  const target = targetOf(recipe);
  const percent = (value: number) => (100 * value).toFixed(2);
  const lines = Object.entries(samples).flatMap(([key, accuracies]) => {
    if (!key.startsWith(prefix)) return [];
    const images = key.slice(prefix.length, -', accuracy'.length);
    const reached = accuracies.filter((accuracy) => accuracy >= target).length;
    const range = `${percent(minimum(accuracies))}–${percent(maximum(accuracies))}`;
    const deviation = percent(standardDeviation(accuracies) ?? 0);
    return [
      `${images}: ${percent(mean(accuracies))} %, SD ${deviation}, ${range}; ${reached} of ${accuracies.length} seeds at target`,
    ];
  });
  if (lines.length === 0) return [];
  return [`Accuracy (npm run bench -- recipes --record; npm run docs), ${date.slice(0, 10)}:`, ...lines];
}
