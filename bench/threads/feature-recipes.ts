/** The recipes on direction features against threads: whole runs with their evaluation, resident clock. */
import { plural } from '../../dist/numbers/words.js';
import { featureRecipes } from '../../scripts/performance/recipe-comments.ts';
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, openTrainer, printed, ratios, shown, spread, type Trainer } from '../harness.ts';

/** As many rounds as fit in this time, between these bounds: recipes take from milliseconds to seconds. */
const budgetMs = 10_000;
const [fewestRounds, mostRounds] = [3, 25];

export interface FeatureRecipes {
  readonly table: Table;
  readonly samples: Record<string, readonly number[]>;
}

export async function measureFeatureRecipes(threads: readonly number[]): Promise<FeatureRecipes> {
  const rows: string[][] = [];
  const samples: Record<string, readonly number[]> = {};
  for (const recipe of featureRecipes()) {
    const taken = await measureRecipe(recipe, threads);
    const single = taken.get(1) ?? [];
    for (const [count, residentMs] of taken) {
      samples[`resident ms, ${recipe}, ${plural(count, 'thread')}`] = residentMs;
      const gain = shown(spread(ratios(single, residentMs)), 2);
      rows.push([recipe, `${count}`, shown(spread(residentMs), 2), gain, `${residentMs.length}`]);
    }
  }
  const table = printed({
    title: 'Threads, direction features',
    note: 'Images in memory → accuracy on the 10,000 test images, warm pools, in turn; median (min–max).',
    rows: [['recipe', 'threads', 'resident ms', 'speed-up', 'samples'], ...rows],
  });
  return { table, samples };
}

/** Resident milliseconds by thread count; every round has another seed. */
async function measureRecipe(recipe: string, threads: readonly number[]) {
  const trainers: Trainer[] = [];
  try {
    for (const count of threads) trainers.push(await openTrainer(recipe, [], count));
    const started = performance.now();
    for (const trainer of trainers) await trainer.train(true);
    const roundMs = performance.now() - started;
    const rounds = Math.min(mostRounds, Math.max(fewestRounds, Math.floor(budgetMs / roundMs)));
    const seeds = new Map(threads.map((count) => [count, 0]));
    const taken = await alternate(
      trainers.map((trainer) => ({
        name: `${trainer.threads}`,
        async run() {
          const seed = (seeds.get(trainer.threads) ?? 0) + 1;
          seeds.set(trainer.threads, seed);
          return (await trainer.train(true, seed)).residentMs;
        },
      })),
      { rounds },
    );
    return new Map(threads.map((count) => [count, taken.get(`${count}`)?.samples ?? []]));
  } finally {
    for (const trainer of trainers) await trainer.close();
  }
}
