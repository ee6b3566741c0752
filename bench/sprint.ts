/**
 * The sprint: each recipe on direction features, by the resident clock in a warm worker pool, one thread and all
 * physical cores in turn. Every round has another seed, and each sample comes after an uncounted run. The clock
 * includes everything after the uint8 images: direction features of the training images, transform, training, direction
 * features and accuracy of all 10,000 test images.
 */
import { mean, minimum, standardDeviation } from '../dist/numbers/statistics.js';
import { plural } from '../dist/numbers/words.js';
import { alternate, openTrainer, printed, shown, singleAndAll, spread, type Trainer } from './harness.ts';
import { type Bar, type BarId, judge, writeRecord } from './record.ts';

interface Race {
  readonly recipe: string;
  readonly target: number;
  readonly rounds: number;
  readonly bars: { readonly time: BarId; readonly seeds: BarId };
}

const heading = ['speed-up', 'mean', 'SD', 'min', 'at target'];

/** Seeds from this one are for uncounted runs. */
const warmUpSeed = 1_000_000;

const races: readonly Race[] = [
  ['97', 100] as const,
  ['98', 100] as const,
  ['99', 60] as const,
  ['99.3', 40] as const,
  ['99.5', 30] as const,
].map(([percent, rounds]) => ({
  recipe: `mnist-${percent}`,
  target: Number(percent) / 100,
  rounds,
  bars: { time: `sprint-${percent}-time`, seeds: `sprint-${percent}-seeds` },
}));

export default async function bench(): Promise<void> {
  const counts = await singleAndAll();
  const rows: string[][] = [
    ['recipe', ...counts.map((count) => `ms, ${plural(count, 'thread')}`)].concat(heading),
  ];
  const bars: Bar[] = [];
  const samples: Record<string, readonly number[]> = {};
  for (const race of races) {
    const measured = await run(race, counts);
    rows.push(measured.row);
    bars.push(...measured.bars);
    Object.assign(samples, measured.samples);
  }
  const note =
    'Median (min–max); a new random subset every round, each sample after a run that does not count; test accuracy in %.';
  const table = printed({ title: 'Time and accuracy', note, rows });
  await writeRecord('sprint', { bars, tables: [table], samples });
}

async function run({ recipe, target, rounds, bars }: Race, counts: readonly number[]) {
  const trainers: Trainer[] = [];
  for (const threads of counts) trainers.push(await openTrainer(recipe, [], threads));
  const accuracies = new Map(trainers.map(({ threads }) => [threads, [] as number[]]));
  const times = await alternate(
    trainers.map((trainer) => {
      const seen = accuracies.get(trainer.threads) ?? [];
      return {
        name: `${trainer.threads}`,
        async run() {
          // The other session's turn has emptied the caches and put these workers to sleep: one run, on other images,
          // is not counted.
          await trainer.train(true, warmUpSeed + seen.length);
          const { residentMs, evaluation } = await trainer.train(true, seen.length + 1);
          seen.push(evaluation?.accuracy ?? Number.NaN);
          return residentMs;
        },
      };
    }),
    { rounds },
  );
  for (const trainer of trainers) await trainer.close();
  const [single, ...others] = [...accuracies.values()];
  const differs = others.some((other) => other.some((accuracy, i) => accuracy !== single[i]));
  if (differs) console.log(`${recipe}: accuracies differ between thread counts (not the owner strategy?)`);
  const spreads = counts.map((count) => spread(times.get(`${count}`)?.samples ?? []));
  const best = spreads[spreads.length - 1];
  const reached = single.filter((accuracy) => accuracy >= target).length;
  const percent = (value: number) => (100 * value).toFixed(2);
  return {
    bars: [judge(bars.time, best.samples), judge(bars.seeds, (100 * reached) / single.length)],
    row: [
      recipe,
      ...spreads.map((each) => shown(each, 2)),
      (spreads[0].median / best.median).toFixed(2),
      percent(mean(single)),
      percent(standardDeviation(single) ?? Number.NaN),
      percent(minimum(single)),
      `${reached}/${single.length}`,
    ],
    samples: {
      ...Object.fromEntries(
        counts.map((count, i) => [`${recipe}, threads ${count}, ms`, spreads[i].samples]),
      ),
      [`${recipe}, accuracy by seed`]: single,
    },
  };
}
