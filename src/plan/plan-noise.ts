/** Regions for the squared norms of gradients from which the gradient noise scale follows: see optim/noise-scale.ts. */
import type { Config } from '../config/schema.js';
import type { Region, Take } from '../memory/arena.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

/**
 * Per party of a step: mean squared norm of the shards' gradients, squared norm of their average; each over its own
 * slices.
 */
export const squaresPerParty = 2;

/**
 * f64 [ringSteps][threads + 1][2], the last party being the coordinator; null if the noise scale is not measured.
 * @throws UserError (usage) if a batch has fewer than two shards with rows.
 */
export function planNoise(
  { log: { noiseScale }, train: { batch } }: Config,
  { threads, ringSteps }: { threads: number; ringSteps: number },
  take: Take,
): Region | null {
  if (!noiseScale) return null;
  if (threads < 2 || batch < threads) {
    const expected =
      threads < 2
        ? 'false if there is one thread: it compares the gradients of at least two'
        : `false if train.batch=${batch} has less than an image for each of the ${threads} threads`;
    throw new UserError(`log.noiseScale: ${expectedGot(expected, true)}`, ExitCode.usage);
  }
  return take(ringSteps * (threads + 1) * squaresPerParty * 8);
}
