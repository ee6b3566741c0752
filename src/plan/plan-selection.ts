/** Regions of selective back-propagation: see worker/selection.ts. */
import type { Config } from '../config/schema.js';
import type { Region, Take } from '../memory/arena.js';
import type { Plan } from './plan.js';

export interface SelectionPlan {
  readonly beta: number;
  /** f64 [batch]: the loss of every row of the batch. */
  readonly losses: Region;
  /** u32 [training images]: the epoch's draws, uniform in [0, 2^32), one for each place of its order. */
  readonly draws: Region;
  /** Per rank, i32 [batch]: the selected samples, in the order of the batch. */
  readonly chosen: readonly Region[];
  /** f64 [ringSteps]: the number of selected samples, indexed by the step's number from 0. */
  readonly trained: Region;
}

/** Null if every image of a batch is trained on. */
export function planSelection(
  { train: { batch, selective } }: Config,
  { threads, images, ringSteps }: { threads: number; images: number; ringSteps: number },
  take: Take,
): SelectionPlan | null {
  if (selective.beta === 0) return null;
  return {
    beta: selective.beta,
    losses: take(batch * 8),
    draws: take(images * 4),
    chosen: Array.from({ length: threads }, () => take(batch * 4)),
    trained: take(ringSteps * 8),
  };
}

/** The plan by which rank `rank` trains on the selected samples: they are the order, from its first place. */
export function chosenPlan(plan: Plan, { chosen }: SelectionPlan, rank: number): Plan {
  return { ...plan, regions: { ...plan.regions, order: chosen[rank] } };
}
