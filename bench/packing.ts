/**
 * Sparse against dense first layers over the share of non-zero pixels: their crossing decides `sparseUpTo` in
 * src/model/first-layer.ts. Images are noise of the given density: time depends on the number of non-zero pixels.
 */

import type { Dataset } from '../dist/data/dataset.js';
import { Rng, Stream } from '../dist/numbers/rng.js';
import { plural } from '../dist/numbers/words.js';
import { alternate, openTrainer, printed, shown, spread } from './harness.ts';
import { type Table, writeRecord } from './record.ts';

const rounds = 9;
const densities = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1];
// A small learning rate keeps training on noise from diverging; it changes no timing.
const networks = [
  { title: '196-128-10, batch 64', file: 'pixels-97', side: 14, images: 19200, overrides: ['data.pool=1'] },
  { title: '784-256-128-10, batch 512', file: 'sweep', side: 28, images: 7168, overrides: [] },
];

function noise(side: number, count: number, density: number): Dataset {
  const rng = new Rng(1, Stream.subset);
  const part = (images: number) => ({
    values: Uint8Array.from({ length: images * side * side }, () =>
      rng.next() < density * 2 ** 32 ? 1 + rng.below(255) : 0,
    ),
    targets: Uint32Array.from({ length: images }, (_, i) => i % 10),
    count: images,
    shape: [side, side, 1],
    full: 255,
  });
  const labels = [...'0123456789'];
  const parts = { train: part(count), test: part(10), validation: null };
  return { name: 'noise', source: 'memory', ...parts, target: { kind: 'class', labels }, sha256: {} };
}

/** The density at which the ratio passes 1, between the measured densities. */
function crossover(points: readonly { density: number; ratio: number }[]): number | null {
  for (const [i, after] of points.entries()) {
    const before = points[i - 1];
    if (before === undefined || before.ratio > 1 || after.ratio <= 1) continue;
    const part = (1 - before.ratio) / (after.ratio - before.ratio);
    return before.density + part * (after.density - before.density);
  }
  return null;
}

export default async function bench(): Promise<void> {
  const tables: Table[] = [];
  const samples: Record<string, readonly number[]> = {};
  for (const { title, file, side, images, overrides } of networks) {
    const rows: string[][] = [];
    const points = new Map<number, { density: number; ratio: number }[]>([
      [1, []],
      [2, []],
    ]);
    for (const density of densities) {
      const dataset = noise(side, images, density);
      const row = [density.toFixed(2)];
      for (const [threads, found] of points) {
        const open = (packing: string) =>
          openTrainer(
            file,
            [...overrides, 'data.take=null', 'optimizer.lr=0.0001', `data.packing=${packing}`],
            threads,
            dataset,
          );
        const [sparse, dense] = [await open('sparse'), await open('dense')];
        const sample = (trainer: typeof sparse) => async () => (await trainer.train(false)).trainMs;
        const taken = await alternate(
          [
            { name: 'sparse', run: sample(sparse) },
            { name: 'dense', run: sample(dense) },
          ],
          { rounds, warmUp: 2 },
        );
        await sparse.close();
        await dense.close();
        const [s, d] = ['sparse', 'dense'].map((name) => spread(taken.get(name)?.samples ?? []));
        // The smallest of several samples is the least disturbed; both forms are deterministic work.
        found.push({ density, ratio: s.min / d.min });
        row.push(shown(s), shown(d), (s.min / d.min).toFixed(2));
        for (const [name, each] of [
          ['sparse', s],
          ['dense', d],
        ] as const)
          samples[`ms, ${title}, ${density} not zero, ${plural(threads, 'thread')}: ${name}`] = each.samples;
      }
      rows.push(row);
    }
    const head = [1, 2].flatMap((threads) => [`sparse ms, ${threads} thr.`, 'dense ms', 'ratio of least']);
    const note = [...points].map(([threads, found]) => {
      const from = crossover(found)?.toFixed(2) ?? 'no measured density';
      return `${plural(threads, 'thread')}: dense is faster from ${from}`;
    });
    const rowsOf = [['non-zero', ...head], ...rows];
    tables.push(printed({ title: `${title}, ${images} images`, note: note.join('; '), rows: rowsOf }));
  }
  await writeRecord('packing', { bars: [], tables, samples });
}
