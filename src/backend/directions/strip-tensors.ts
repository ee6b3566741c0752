/** Softmax regression on feature blocks as named tensors: its weights lie in strips of eight inputs, the bias after them. */
import { inputPlaces, stripFloats, stripIndex } from '../../kernels/directions/direction-kernels.js';
import type { DirectionShape } from '../../kernels/directions/spec.js';
import { findTensor } from '../../model/parameters.js';
import type { Tensor } from '../../model/safetensors.js';

const [weightName, biasName] = ['0.weight', '0.bias'];

/** `0.weight` [classes, inputs], `0.bias` [classes]. */
export function readStrips(
  shape: DirectionShape,
  classes: number,
  vector: Float32Array,
): Map<string, Tensor> {
  const { inputs, strips } = shape;
  const places = inputPlaces(shape.features, shape.components);
  const weight = new Float32Array(classes * inputs);
  for (let k = 0; k < classes; k++) {
    for (let i = 0; i < inputs; i++) weight[k * inputs + i] = vector[stripIndex(places[i], k)];
  }
  const biasStart = strips * stripFloats;
  return new Map([
    [weightName, { shape: [classes, inputs], data: weight }],
    [biasName, { shape: [classes], data: vector.slice(biasStart, biasStart + classes) }],
  ]);
}

/**
 * Fills the whole vector, padding with zeros.
 * @throws UserError naming `source`, the tensor and both shapes if one is missing or does not fit.
 */
export function writeStrips(
  shape: DirectionShape,
  classes: number,
  vector: Float32Array,
  tensors: ReadonlyMap<string, Tensor>,
  source: string,
  prefix: string,
): void {
  const { inputs, strips } = shape;
  const places = inputPlaces(shape.features, shape.components);
  const weight = findTensor(tensors, prefix + weightName, [classes, inputs], source);
  const bias = findTensor(tensors, prefix + biasName, [classes], source);
  vector.fill(0);
  for (let k = 0; k < classes; k++) {
    for (let i = 0; i < inputs; i++) vector[stripIndex(places[i], k)] = weight[k * inputs + i];
  }
  vector.set(bias, strips * stripFloats);
}
