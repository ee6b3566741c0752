/**
 * Runs the missing cells of a comparison. Variants alternate after a few seeds each, forwards and backwards, so that a
 * slow period of the machine affects all of them. Every finished cell is kept at once.
 */

import type { CellStore } from './cell-store.js';
import { longRunMs, seedsPerTurn } from './estimate.js';
import type { Comparison } from './expand.js';
import { measureRun } from './measure.js';
import { missingSeeds, type PreparedVariant } from './prepare.js';
import type { Bench, Workbench } from './workbench.js';

/** Number of sessions open at the same time; each holds its data set. */
const openAtOnce = 8;

/** A seed without a cell. */
const warmUpSeed = 4_294_967_295;

/** `finished` receives every cell, before it is kept. @throws as training does, except for divergence; Interrupted. */
export async function runComparison(
  comparison: Comparison,
  variants: readonly PreparedVariant[],
  workbench: Workbench,
  store: CellStore,
  finished: (label: string, seed: number) => void,
): Promise<void> {
  const benches = new Map<string, Bench>();
  const slow = new Set<string>();
  const keepsOpen = variants.length <= openAtOnce;
  const opened = async (each: PreparedVariant): Promise<Bench> => {
    const bench = benches.get(each.key) ?? (await workbench.open(each.config));
    benches.set(each.key, bench);
    return bench;
  };
  const closed = async (key: string) => {
    const bench = benches.get(key);
    benches.delete(key);
    await bench?.trainer.close();
  };
  const turn = async (each: PreparedVariant, seeds: readonly number[]) => {
    const isFirst = !benches.has(each.key);
    if (isFirst || !slow.has(each.key)) {
      const { accuracy, residentMs } = await measureRun(await opened(each), warmUpSeed);
      if (residentMs >= longRunMs) slow.add(each.key);
      if (accuracy === null) await closed(each.key);
    }
    for (const seed of seeds) {
      const measured = await measureRun(await opened(each), seed);
      // Its session ended with the divergence.
      if (measured.accuracy === null) await closed(each.key);
      const { key, variant } = each;
      const date = new Date().toISOString();
      finished(variant.label, seed);
      store.add({ key, comparison: comparison.name, variant: variant.label, seed, ...measured, date });
    }
    if (!keepsOpen) await closed(each.key);
  };
  try {
    for (let first = 0, round = 0; first < comparison.seeds.length; first += seedsPerTurn, round++) {
      const seeds = new Set(comparison.seeds.slice(first, first + seedsPerTurn));
      for (const each of round % 2 === 0 ? variants : variants.toReversed()) {
        const missing = missingSeeds(each, comparison, store).filter((seed) => seeds.has(seed));
        if (missing.length > 0) await turn(each, missing);
      }
    }
  } finally {
    for (const key of [...benches.keys()]) await closed(key);
  }
}
