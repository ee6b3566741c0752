/** The work of the engine's thread benchmarks: one epoch of configs/fastmlp.yaml without evaluation. */
import { openTrainer, type Trainer } from '../harness.ts';

export const recipe = 'fastmlp';
export const batches = [512, 4096] as const;
export type Batch = (typeof batches)[number];

export const rounds = 9;

/** More than most machines have cores; the sweep's last thread count. */
export const mostThreads = 12;

export const overridesOf = (batch: number): string[] => ['train.epochs=1', `train.batch=${batch}`];

export function openEngine(batch: number, threads: number, more: readonly string[] = []): Promise<Trainer> {
  return openTrainer(recipe, [...overridesOf(batch), ...more], threads);
}

/** Sample by sample: both lists are of cases that alternated, so each pair is adjacent in time. */
export function ratios(above: readonly number[], below: readonly number[]): number[] {
  return above.map((sample, i) => sample / below[i]);
}
