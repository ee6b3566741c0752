/**
 * Dropout of hidden layers (Srivastava et al. 2014), inverted: in a step, a unit is 0 with the probability `rate`, else
 * divided by 1 − rate, so that its mean is what an evaluation computes without dropout. What is dropped follows from the
 * run's seed, the step, the layer, the place of the sample in the epoch's order and the unit. So it does not depend on
 * threads, shards, or where a run was resumed.
 */
import type { Config } from '../config/schema.js';
import { layerWords, unitWord } from '../numbers/counter-hash.js';

/** How a layer's units are dropped: those whose word, from −2^31 up, is below `below`; the others are multiplied by `scale`. */
export interface DropoutRate {
  readonly below: number;
  readonly scale: number;
}

/** Per hidden layer; empty if no layer drops units. */
export function dropoutRates({ train, model }: Pick<Config, 'train' | 'model'>): readonly DropoutRate[] {
  const { dropout } = train;
  const rates = typeof dropout === 'number' ? model.hidden.map(() => dropout) : dropout;
  if (rates.every((rate) => rate === 0)) return [];
  return rates.map((rate) => {
    // A rate that float64 can express is below 1, but may round to 1 in 32 bits.
    const count = Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
    return { below: count - 2 ** 31, scale: Math.fround(1 / (1 - count / 2 ** 32)) };
  });
}

/** What the masks of a step depend on, besides the seed. */
export interface MaskOrigin {
  /** From 1. */
  readonly step: number;
  /** Place of the batch's first sample in the epoch's order. */
  readonly firstSample: number;
}

/** The factor of each unit of a sample, by definition: 0 or `scale`. */
export function dropoutFactors(
  { below, scale }: DropoutRate,
  seed: number,
  step: number,
  layer: number,
  place: number,
  units: number,
): Float64Array {
  const words = layerWords(seed, step, layer);
  return Float64Array.from({ length: units }, (_, unit) =>
    unitWord(words, place, unit) < below ? 0 : scale,
  );
}
