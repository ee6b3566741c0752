/** Estimates the cost of a study before it runs, from a few steps of every unfinished variant. */

import type { RunObserver } from '../coordinator/training-run.js';
import { Diverged } from '../worker/session-errors.js';
import type { CellStore } from './cell-store.js';
import type { Comparison } from './expand.js';
import { withSteps } from './measure.js';
import { missingSeeds, type PreparedVariant, stepsOf } from './prepare.js';
import type { Bench, Workbench } from './workbench.js';

export interface VariantEstimate {
  readonly label: string;
  readonly cells: number;
  readonly missing: number;
  /** Cost of one cell; null if none is missing. */
  readonly cellMs: number | null;
  /** Opening a session included. */
  readonly totalMs: number;
}

export interface ComparisonEstimate {
  readonly name: string;
  readonly variants: readonly VariantEstimate[];
}

const probeSteps = 24;

/** @throws as training does, except for divergence: if a few steps diverge, their time is still returned. */
export async function estimateComparison(
  comparison: Comparison,
  variants: readonly PreparedVariant[],
  workbench: Workbench,
  store: CellStore,
): Promise<ComparisonEstimate> {
  const estimates: VariantEstimate[] = [];
  for (const each of variants) {
    const missing = missingSeeds(each, comparison, store).length;
    const facts = { label: each.variant.label, cells: comparison.seeds.length, missing };
    if (missing === 0) {
      estimates.push({ ...facts, cellMs: null, totalMs: 0 });
      continue;
    }
    const { openMs, cellMs } = await timeCell(each, workbench);
    estimates.push({ ...facts, cellMs, totalMs: openMs + cellMs * (missing + warmUps(cellMs, missing)) });
  }
  return { name: comparison.name, variants: estimates };
}

/** Seeds of a variant that run in sequence before the next variant's turn. */
export const seedsPerTurn = 5;

/** A run of at least this length is not affected by its predecessors' data in the caches. */
export const longRunMs = 150;

const warmUps = (cellMs: number, missing: number) =>
  cellMs < longRunMs ? Math.ceil(missing / seedsPerTurn) : 1;

async function timeCell(each: PreparedVariant, workbench: Workbench) {
  const openedAt = performance.now();
  const bench = await workbench.open(each.config);
  const openMs = performance.now() - openedAt;
  try {
    const total = await stepsOf(each, workbench);
    await probe(bench, Math.min(total, probeSteps));
    const { fixedMs, stepMs, firstMs, laterMs } = await probe(bench, Math.min(total, probeSteps));
    const { every } = each.config.stop;
    const { epochs } = each.config.train;
    const evaluations = every === 'epoch' ? epochs : Math.ceil(total / every);
    return { openMs, cellMs: fixedMs + total * stepMs + firstMs + (evaluations - 1) * laterMs };
  } finally {
    await bench.trainer.close();
  }
}

/** A short run with two evaluations: later ones may be cheaper, because direction features are kept. */
async function probe({ trainer, config }: Bench, steps: number) {
  const { count } = trainer.plan.parts.train;
  const every = Math.max(1, Math.ceil(steps / 2));
  const short = withSteps({ ...config, stop: { ...config.stop, every } }, steps, count);
  const evaluationMs: number[] = [];
  let trainedAt = 0;
  let reached = 0;
  const observer: Partial<RunObserver> = {
    step(position) {
      trainedAt = position.elapsedMs;
      reached = position.step;
    },
    evaluation({ elapsedMs }) {
      evaluationMs.push(elapsedMs - trainedAt);
    },
  };
  const result = await trainer.train(config.seed, observer, { config: short }).catch((error: unknown) => {
    if (error instanceof Diverged) return { trainMs: trainedAt, featuresMs: 0 };
    throw error;
  });
  const [firstMs = 0, laterMs = firstMs] = evaluationMs;
  const { trainMs, featuresMs } = result;
  return { fixedMs: featuresMs, stepMs: (trainMs - featuresMs) / Math.max(1, reached), firstMs, laterMs };
}
