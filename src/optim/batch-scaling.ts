/**
 * The peak learning rate as a function of the batch. A step on k times as many images has less noise in its gradient,
 * so a rate found for one batch is scaled for another.
 */
import type { Config } from '../config/schema.js';

/**
 * lr · batch / referenceBatch (linear; Goyal et al. 2017, § 2.1) or lr · √(batch / referenceBatch) (Krizhevsky 2014;
 * for Adam, Malladi et al. 2022); `lr` itself without a reference batch.
 */
export function peakRate({ lr, referenceBatch, batchScaling }: Config['optimizer'], batch: number): number {
  if (referenceBatch === null) return lr;
  const ratio = batch / referenceBatch;
  return lr * (batchScaling === 'sqrt' ? Math.sqrt(ratio) : ratio);
}
