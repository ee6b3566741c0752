/** The recipes on direction features against threads: whole runs with their evaluation, resident clock. */
import { readdirSync } from 'node:fs';
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, openTrainer, root, shown, spread, type Trainer } from '../harness.ts';
import { ratios } from './engine-case.ts';

/** Prefix of the recipes' names. */
const families = ['mnist-'];

/** As many rounds as fit in this time, between these bounds: recipes take from milliseconds to seconds. */
const budgetMs = 10_000;
const [fewestRounds, mostRounds] = [3, 25];

export interface FeatureRecipes {
  readonly tables: Table[];
  readonly samples: Record<string, readonly number[]>;
}

export async function measureFeatureRecipes(threads: readonly number[]): Promise<FeatureRecipes> {
  const rows: string[][] = [];
  const samples: Record<string, readonly number[]> = {};
  for (const recipe of recipes()) {
    const taken = await measureRecipe(recipe, threads);
    const single = taken.get(1) ?? [];
    for (const [count, residentMs] of taken) {
      samples[`resident ms, ${recipe}, ${count} thread${count === 1 ? '' : 's'}`] = residentMs;
      const gain = shown(spread(ratios(single, residentMs)), 2);
      rows.push([recipe, `${count}`, shown(spread(residentMs), 2), gain, `${residentMs.length}`]);
    }
  }
  const table: Table = {
    title: 'Threads, direction features',
    note: 'Images in memory → accuracy on the 10,000 test images, warm pools, in turn; median (min–max).',
    rows: [['recipe', 'threads', 'resident ms', 'speed-up', 'samples'], ...rows],
  };
  return { tables: rows.length === 0 ? [] : [table], samples };
}

function recipes(): string[] {
  const names = readdirSync(`${root}configs`)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
  return families.flatMap((family) => {
    const found = names.filter((name) => name.startsWith(family));
    if (found.length === 0) console.log(`configs/${family}*.yaml: no such recipe, not measured\n`);
    return found;
  });
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
