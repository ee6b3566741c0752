/**
 * The value of full light. Pixels are expected from 0 to 255; those of other ranges, such as 0 and 1 or 0 to 16, are
 * scaled to it before any other step.
 */

import { findTensor } from '../../model/parameters.js';
import type { Tensor } from '../../model/safetensors.js';
import { inOneStep } from '../../numbers/steps.js';
import { isKnownSet } from '../known-sets.js';
import type { Fitted, Shape, TransformKind, Values } from './transform.js';

/** Full light of pixels; a range that ends here leaves samples unchanged and is not written to files. */
export const fullLight = 255;

/** Largest values from this one up are assumed to belong to slightly dark images from 0 to 255. */
const plausibleFrom = 128;

const tensorName = 'range.full';

/** `data.scale`: a value, or auto: 255 for the data sets known by name, for others the largest training value. */
export const rangeOf: TransformKind = {
  keys: [],
  of: ({ scale, set }) => ({
    fit: (train) =>
      inOneStep(() => {
        const auto = isKnownSet(set) ? fullLight : fullFor(largestValue(train.values));
        return fitted(scale === 'auto' ? auto : scale, train.shape);
      }),
    restore({ tensors, prefix, source }, { values, shape }) {
      const name = prefix + tensorName;
      const [stored] = tensors.has(name) ? findTensor(tensors, name, [1], source) : [fullLight];
      if (scale !== 'auto') return fitted(scale, shape);
      // Full light is a property of the samples at hand; those that plausibly have the stored one keep it.
      const largest = largestValue(values);
      const fits = largest === 0 || (largest <= stored && 2 * largest > stored);
      return fitted(fits ? stored : fullFor(largest), shape);
    },
  }),
};

/** The value of full light in the samples to which a pipeline with these tensors was fitted. */
export const fullOf = (tensors: ReadonlyMap<string, Tensor>, prefix = ''): number =>
  tensors.get(prefix + tensorName)?.data[0] ?? fullLight;

/** 255 if the largest value is plausible for that range, or if no value is above 0. */
const fullFor = (largest: number): number =>
  largest === 0 || largest >= plausibleFrom ? fullLight : largest;

/** The largest value, or the first one that is plausible for 0 to 255. */
function largestValue(values: Values['values']): number {
  let largest = 0;
  for (let i = 0; i < values.length && largest < plausibleFrom; i++) largest = Math.max(largest, values[i]);
  return largest;
}

function fitted(full: number, output: Shape): Fitted {
  const keepsValues = full === fullLight;
  // Values beyond the range of the training samples count as full light.
  const scaled = Uint8Array.from({ length: 256 }, (_, x) =>
    Math.min(255, Math.round((x * fullLight) / full)),
  );
  return {
    output,
    keepsValues,
    keepsZeros: true,
    encoding: null,
    affine: null,
    apply(samples, out) {
      if (keepsValues) return samples;
      const { values } = samples;
      const written = out ?? new Uint8Array(values.length);
      for (let i = 0; i < values.length; i++) written[i] = scaled[values[i]];
      return { ...samples, values: written };
    },
    describe: () => (keepsValues ? [] : [{ op: 'lookup', table: scaled }]),
    tensors: () =>
      keepsValues ? new Map() : new Map([[tensorName, { shape: [1], data: Float32Array.of(full) }]]),
  };
}
