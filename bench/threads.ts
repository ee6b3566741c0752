/**
 * The gain of threads, and its upper limit: speed-up by thread count and strategy, the ceiling set by two independent
 * processes, more threads than cores, busy neighbours, and the recipes on direction features.
 */
import { countCores } from '../dist/machine/cores.js';
import { plural } from '../dist/numbers/words.js';
import { ratios, spread } from './harness.ts';
import { type Bar, type BarId, judge, writeRecord } from './record.ts';
import { comparisons, measureCeiling } from './threads/ceiling.ts';
import { type Batch, batches, mostThreads } from './threads/engine-case.ts';
import { measureFeatureRecipes } from './threads/feature-recipes.ts';
import { measureNeighbours } from './threads/neighbours.ts';
import { measureScaling, type Scaling } from './threads/scaling.ts';

/** Speed-ups are judged only if every thread has a physical core of its own. */
const speedupBars: readonly { readonly id: BarId; readonly threads: number }[] = [
  { id: 'threads-speedup-4', threads: 4 },
  { id: 'threads-speedup-8', threads: 8 },
  { id: 'threads-speedup-12', threads: 12 },
];

export default async function bench(): Promise<void> {
  const { available, physical } = await countCores();
  const counts = Array.from({ length: Math.min(available, mostThreads) }, (_, i) => i + 1);
  const here = `not measured here: ${plural(physical, 'core')}`;
  const ofRatios = (id: BarId, samples: readonly number[] | undefined, why = here): Bar =>
    samples === undefined || samples.length === 0 ? judge(id, null, why) : judge(id, samples);

  const scaling = await measureScaling([...new Set([...counts, mostThreads])], available);
  const ceiling = physical < 2 ? null : await measureCeiling();
  const neighbours = await measureNeighbours(available);
  const recipes = await measureFeatureRecipes(counts);

  const enough = `not measured here: ${available} cores are enough for ${mostThreads} threads`;
  await writeRecord('threads', {
    bars: [
      ...comparisons.map(({ bar }) => ofRatios(bar, ceiling?.reached.get(bar))),
      ofRatios('threads-oversubscribed', oversubscription(scaling, available), enough),
      ofRatios('threads-neighbours', neighbours.slowdown.get(512)),
      ...speedupBars.map(({ id, threads }) =>
        ofRatios(id, physical < threads ? undefined : timeOver(scaling, 4096, 1, threads)),
      ),
    ],
    tables: [
      ...scaling.tables,
      ...(ceiling === null ? [] : [ceiling.table]),
      neighbours.table,
      recipes.table,
    ],
    notes: rowsNote(scaling),
    samples: { ...scaling.samples, ...ceiling?.samples, ...neighbours.samples, ...recipes.samples },
  });
}

/** Time of `threads` over that of `others`, round by round. */
function timeOver(scaling: Scaling, batch: Batch, threads: number, others: number): number[] {
  return ratios(scaling.epochMs(batch, threads), scaling.epochMs(batch, others));
}

/** Undefined if there is a core for every thread. */
function oversubscription(scaling: Scaling, cores: number): number[] | undefined {
  return cores >= mostThreads ? undefined : timeOver(scaling, 512, mostThreads, cores);
}

/** A speed-up at a large batch is not all due to threads if one thread is slowed by its many rows. */
function rowsNote(scaling: Scaling): string[] {
  const [small, large] = batches.map((batch) => spread(scaling.epochMs(batch, 1)).median);
  const ratio = large / small;
  if (ratio < 1.1) return [];
  return [
    `One thread takes ${ratio.toFixed(2)} times as long for an epoch at batch 4,096 as at 512. So a share of the speed-ups at batch 4,096 comes from fewer rows for each thread, not from more cores.`,
  ];
}
