/**
 * Normalisations of real inputs: input = (value − mean) · weight, rounded to float32 after each operation, so that every
 * reader gets the same bits. The results are packed as they are.
 *
 * - standardise: the mean and the standard deviation of each feature over the training samples;
 * - centre: the mean of each feature, and the one standard deviation of all centred values;
 * - none: the values as given.
 *
 * Real inputs have any unit, so no constant is added to variances, as `data.normaliseEpsilon` is for pixels. A feature
 * whose standard deviation is below a millionth of its largest magnitude differs by rounding only; it counts as constant
 * and becomes 0.
 */
import type { Op } from '../../model/op.js';
import { findTensor } from '../../model/parameters.js';
import { square } from '../../numbers/elementary.js';
import { inOneStep, rowsAStep, type Steps } from '../../numbers/steps.js';
import { mapName, meanName } from './linear-map.js';
import {
  type Fitted,
  type Shape,
  sizeOf,
  type Transform,
  type TransformKind,
  type Values,
} from './transform.js';

type Kind = 'standardise' | 'centre';

export const realNormaliserOf: TransformKind = {
  keys: ['normalise'],
  of: ({ normalise }) =>
    normalise === 'standardise' || normalise === 'centre' ? normaliser(normalise) : asGiven,
};

const asGiven: Transform = {
  fit: ({ shape }) => inOneStep(() => unchanged(shape)),
  restore: (_, { shape }) => unchanged(shape),
};

const unchanged = (output: Shape): Fitted => ({
  output,
  keepsValues: true,
  keepsZeros: true,
  encoding: null,
  affine: null,
  apply: (samples) => samples,
  describe: () => [],
  tensors: () => new Map(),
});

/** mean: f32 [features]; weight: f32 [features], or [1] for all of them. */
interface FeatureMap {
  readonly mean: Float32Array;
  readonly weight: Float32Array;
}

const normaliser = (kind: Kind): Transform => ({
  *fit(train) {
    return fitted(yield* fitting(kind, train), train.shape);
  },
  restore({ tensors, prefix, source }, { shape }) {
    if (!tensors.has(prefix + mapName)) return null;
    const width = sizeOf(shape);
    const mean = findTensor(tensors, prefix + meanName, [width], source);
    const weight = findTensor(tensors, prefix + mapName, [kind === 'centre' ? 1 : width], source);
    return fitted({ mean, weight }, shape);
  },
});

function fitted({ mean, weight }: FeatureMap, output: Shape): Fitted {
  const width = mean.length;
  const weights = weight.length === width ? weight : new Float32Array(width).fill(weight[0]);
  return {
    output,
    keepsValues: false,
    keepsZeros: false,
    encoding: null,
    affine: null,
    apply(samples, out) {
      const written = out ?? new Float32Array(samples.values.length);
      normalise(samples.values, mean, weights, written);
      return { ...samples, values: written };
    },
    describe: (): Op[] => [
      { op: 'affine', scale: Float32Array.of(1), shift: mean },
      { op: 'affine', scale: weight, shift: new Float32Array(width) },
    ],
    tensors: () =>
      new Map([
        [meanName, { shape: [width], data: mean }],
        [mapName, { shape: [weight.length], data: weight }],
      ]),
  };
}

function normalise(
  values: Values['values'],
  mean: Float32Array,
  weight: Float32Array,
  out: Values['values'],
): void {
  const width = mean.length;
  for (let at = 0; at < values.length; at += width)
    for (let p = 0; p < width; p++) out[at + p] = Math.fround(values[at + p] - mean[p]) * weight[p];
}

/** Of values that differ by rounding only: the standard deviation over the largest magnitude. */
const roundingOnly = 1e-6;

/** In two passes and float64, since a mean may be far above the deviation from it. */
function* fitting(kind: Kind, { values, count, shape }: Values): Steps<FeatureMap> {
  const width = sizeOf(shape);
  const sums = new Float64Array(width);
  const largest = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const rows of inSteps(values, count, width)) {
    addSums(rows, sums, largest);
    yield { doing: 'measuring inputs', share: rows.byteOffset / (2 * values.byteLength) };
  }
  const means = sums.map((sum) => sum / count);
  for (const rows of inSteps(values, count, width)) {
    addSquares(rows, means, squares);
    yield { doing: 'measuring inputs', share: 0.5 + rows.byteOffset / (2 * values.byteLength) };
  }
  const inverse = (variance: number, magnitude: number) => {
    const deviation = Math.sqrt(variance);
    return deviation > roundingOnly * magnitude ? 1 / deviation : 0;
  };
  const mean = Float32Array.from(means);
  if (kind === 'standardise')
    return { mean, weight: Float32Array.from(squares, (sum, p) => inverse(sum / count, largest[p])) };
  const total = squares.reduce((all, sum) => all + sum, 0) / (count * width);
  return {
    mean,
    weight: Float32Array.of(
      inverse(
        total,
        largest.reduce((a, b) => Math.max(a, b), 0),
      ),
    ),
  };
}

function* inSteps(values: Values['values'], count: number, width: number): Generator<Values['values']> {
  const stride = rowsAStep(width);
  for (let first = 0; first < count; first += stride)
    yield values.subarray(first * width, Math.min(count, first + stride) * width);
}

function addSums(rows: Values['values'], sums: Float64Array, largest: Float64Array): void {
  const width = sums.length;
  for (let at = 0; at < rows.length; at += width)
    for (let p = 0; p < width; p++) {
      const value = rows[at + p];
      sums[p] += value;
      if (Math.abs(value) > largest[p]) largest[p] = Math.abs(value);
    }
}

function addSquares(rows: Values['values'], means: Float64Array, squares: Float64Array): void {
  const width = means.length;
  for (let at = 0; at < rows.length; at += width)
    for (let p = 0; p < width; p++) squares[p] += square(rows[at + p] - means[p]);
}
