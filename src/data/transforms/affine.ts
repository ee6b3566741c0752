/**
 * Normalisations that leave the integers unchanged and are applied by the kernels. Blank pixels stay zero, and so
 * sparse rows stay sparse.
 */

import { findTensor } from '../../model/parameters.js';
import { square } from '../../numbers/elementary.js';
import { inOneStep } from '../../numbers/steps.js';
import { type FeatureStatistics, measureFeatures, measuringFeatures } from '../statistics.js';
import {
  type Affine,
  type Fitted,
  type Shape,
  sizeOf,
  type TransformKind,
  type Values,
} from './transform.js';

export type NormaliserKind = 'mnist' | 'centre' | 'none';

/** Names of the tensors of `centre`; the others follow from the configuration. */
const [shiftName, scaleName] = ['normalise.shift', 'normalise.scale'];

export const affineOf: TransformKind = {
  keys: ['normalise'],
  of: ({ normalise }) => {
    if (normalise !== 'mnist' && normalise !== 'centre' && normalise !== 'none') return null;
    const constant = (input: Pick<Values, 'shape' | 'full'>) =>
      fitted(normalise, makeNormaliser(normalise, nothing(input), input.full), input.shape);
    if (normalise !== 'centre')
      return {
        fit: (train) => inOneStep(() => constant(train)),
        restore: (_, input) => constant(input),
      };
    return {
      *fit(train, kernels) {
        const statistics = yield* measuringFeatures(train, kernels);
        return fitted(normalise, makeNormaliser(normalise, statistics, train.full), train.shape);
      },
      restore({ tensors, prefix, source }, { shape }) {
        if (!tensors.has(prefix + shiftName)) return null;
        const shift = findTensor(tensors, prefix + shiftName, [sizeOf(shape)], source);
        const [scale] = findTensor(tensors, prefix + scaleName, [1], source);
        return fitted(normalise, { scale, shift }, shape);
      },
    };
  },
};

/** The statistics of no samples, sufficient for the constant normalisations. */
const nothing = ({ shape, full }: Pick<Values, 'shape' | 'full'>): FeatureStatistics =>
  measureFeatures({ values: new Uint8Array(), count: 0, shape, full });

function fitted(kind: NormaliserKind, affine: Affine, output: Shape): Fitted {
  const { scale, shift } = affine;
  return {
    output,
    keepsValues: true,
    keepsZeros: true,
    encoding: null,
    affine,
    apply: (samples) => samples,
    describe: () => [],
    tensors: () =>
      kind === 'centre'
        ? new Map([
            [shiftName, { shape: [shift.length], data: shift }],
            [scaleName, { shape: [1], data: Float32Array.of(scale) }],
          ])
        : new Map(),
  };
}

/**
 * `mnist`: (x − 0.1307)/0.3081 of light x from 0 to 1; `centre`: minus the per-feature mean of the training samples,
 * over the one standard deviation of all centred values (constant samples are only centred); `none`: x. `full`: the
 * value of full light.
 */
export function makeNormaliser(kind: NormaliserKind, train: FeatureStatistics, full: number): Affine {
  const shift = new Float32Array(train.sums.length);
  if (kind === 'none') return { scale: 1 / full, shift };
  if (kind === 'mnist') return { scale: 1 / (full * 0.3081), shift: shift.fill(0.1307 / 0.3081) };
  let squaredMeans = 0;
  for (const sum of train.sums) squaredMeans += square(sum / train.count);
  const variance = (train.squares / train.count - squaredMeans) / train.sums.length;
  const deviation = variance > 0 ? Math.sqrt(variance) : 1;
  train.sums.forEach((sum, p) => {
    shift[p] = sum / train.count / deviation;
  });
  return { scale: 1 / deviation, shift };
}
