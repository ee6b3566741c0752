/**
 * Sparse against dense first layers over the share of non-zero pixels: their crossing decides `sparseUpTo` in
 * src/model/first-layer.ts. Images are noise of the given density: time depends on the number of non-zero pixels.
 */

import type { Dataset } from '../dist/data/dataset.js';
import { Rng, Stream } from '../dist/numbers/rng.js';
import { alternate, openTrainer, shown, spread, table, writeResults } from './harness.ts';

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
  return { name: 'noise', source: 'memory', train: part(count), test: part(10), classes: 10, sha256: {} };
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
  const results: unknown[] = [];
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
        results.push({ network: title, density, threads, sparse: s.samples, dense: d.samples });
      }
      rows.push(row);
    }
    const head = [1, 2].flatMap((threads) => [`sparse ms, ${threads} thr.`, 'dense ms', 'ratio of least']);
    console.log(`${title}, ${images} images\n`);
    console.log(table([['non-zero', ...head], ...rows]));
    for (const [threads, found] of points) {
      const at = crossover(found);
      console.log(
        `${threads} thread${threads === 1 ? '' : 's'}: dense is faster from ${at === null ? 'no measured density' : at.toFixed(2)}`,
      );
    }
    console.log();
  }
  writeResults('packing', { samples: results });
}
