/**
 * Outputs of several networks as those of one, whose probabilities are the mean of theirs, and whose values are the mean of
 * theirs in the units of the targets. In float64, in the order of the networks.
 */
import type { TargetFacts } from '../data/target.js';
import type { TargetScale } from '../data/transforms/target-scale.js';
import type { Loss } from '../loss/loss.js';
import { sigmoid } from '../loss/probabilities.js';
import { exp, log } from '../numbers/elementary.js';

/** How outputs are understood. */
export interface Averaging {
  readonly loss: Pick<Loss, 'name'>;
  readonly target: TargetFacts;
  /** Null: outputs are values as they are, or no values. */
  readonly scale: TargetScale | null;
  /** Of a sample. */
  readonly width: number;
}

/** The logarithm of a probability that has become 0 is finite. */
const least = 1e-300;
const logOf = (probability: number) => log(Math.max(probability, least));

type Averages = (rows: readonly Float64Array[], mean: Float64Array) => void;

/** `all`: of each network, f32 [count][width], at least one; `out`: likewise. */
export function averageOutputs(averaging: Averaging, all: readonly Float32Array[], out: Float32Array): void {
  const { width } = averaging;
  const average = averagesOf(averaging);
  const rows = all.map(() => new Float64Array(width));
  const mean = new Float64Array(width);
  for (let at = 0; at < out.length; at += width) {
    all.forEach((outputs, m) => {
      for (let k = 0; k < width; k++) rows[m][k] = outputs[at + k];
    });
    average(rows, mean);
    out.set(mean, at);
  }
}

function averagesOf({ loss, target, scale }: Averaging): Averages {
  if (loss.name === 'binary-cross-entropy') return ofLogits;
  if (loss.name === 'cross-entropy') return ofSoftmax;
  return target.kind === 'class' ? ofShares : ofValues(scale);
}

/** Sums of `of` in the order of the networks, over their number. */
function meanOver(rows: readonly Float64Array[], of: (row: Float64Array) => number): number {
  let sum = 0;
  for (const row of rows) sum += of(row);
  return sum / rows.length;
}

const ofLogits: Averages = (rows, mean) => {
  for (let k = 0; k < mean.length; k++)
    mean[k] =
      logOf(meanOver(rows, (row) => sigmoid(row[k]))) - logOf(meanOver(rows, (row) => sigmoid(-row[k])));
};

/** Their largest is 0, so that the others keep their digits in float32. */
const ofSoftmax: Averages = (rows, mean) => {
  for (const row of rows) {
    const largest = row.reduce((a, b) => Math.max(a, b));
    for (let k = 0; k < row.length; k++) row[k] = exp(row[k] - largest);
    divide(row);
  }
  for (let k = 0; k < mean.length; k++) mean[k] = logOf(meanOver(rows, (row) => row[k]));
  const largest = mean.reduce((a, b) => Math.max(a, b));
  for (let k = 0; k < mean.length; k++) mean[k] -= largest;
};

/** As the operation of model/op.ts. */
const ofShares: Averages = (rows, mean) => {
  for (const row of rows) {
    for (let k = 0; k < row.length; k++) row[k] = Math.max(0, row[k]);
    if (row.every((value) => value === 0)) row.fill(1);
    divide(row);
  }
  for (let k = 0; k < mean.length; k++) mean[k] = meanOver(rows, (row) => row[k]);
};

const ofValues =
  (scale: TargetScale | null): Averages =>
  (rows, mean) => {
    for (let k = 0; k < mean.length; k++)
      mean[k] =
        scale === null
          ? meanOver(rows, (row) => row[k])
          : scale.output(
              meanOver(rows, (row) => scale.value(row[k], k)),
              k,
            );
  };

function divide(row: Float64Array): void {
  const sum = row.reduce((a, b) => a + b);
  for (let k = 0; k < row.length; k++) row[k] /= sum;
}
