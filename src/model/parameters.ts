/** Between the parameter vector in shared memory and named tensors of PyTorch's shapes and names. */
import { UserError } from '../user-error.js';
import { type LayerLayout, parameterIndex } from './layout.js';
import type { Tensor } from './safetensors.js';

/** `0.weight` [out, in], `0.bias` [out], `2.weight` …: nn.Sequential counts the activations between. */
export const weightName = (layer: number): string => `${2 * layer}.weight`;
export const biasName = (layer: number): string => `${2 * layer}.bias`;

export function exportParameters(layers: readonly LayerLayout[], vector: Float32Array): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  layers.forEach((layer, l) => {
    const { inputs, outputs } = layer;
    const weight = new Float32Array(outputs * inputs);
    const bias = new Float32Array(outputs);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) weight[o * inputs + i] = vector[parameterIndex(layer, i, o)];
      bias[o] = vector[parameterIndex(layer, inputs, o)];
    }
    tensors.set(weightName(l), { shape: [outputs, inputs], data: weight });
    tensors.set(biasName(l), { shape: [outputs], data: bias });
  });
  return tensors;
}

/**
 * Fills the whole vector, padding with zeros. `prefix` is put before each name looked up in `tensors`.
 * @throws UserError naming `file`, the tensor and both shapes when one is missing or does not fit.
 */
export function importParameters(
  layers: readonly LayerLayout[],
  tensors: ReadonlyMap<string, Tensor>,
  vector: Float32Array,
  file: string,
  prefix = '',
): void {
  vector.fill(0);
  layers.forEach((layer, l) => {
    const { inputs, outputs } = layer;
    const weight = findTensor(tensors, prefix + weightName(l), [outputs, inputs], file);
    const bias = findTensor(tensors, prefix + biasName(l), [outputs], file);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) vector[parameterIndex(layer, i, o)] = weight[o * inputs + i];
      vector[parameterIndex(layer, inputs, o)] = bias[o];
    }
  });
  const surplus = `${prefix}${weightName(layers.length)}`;
  if (tensors.has(surplus)) {
    throw new UserError(
      `${file}: holds ${surplus}, but the configured network has only ${layers.length} layers (model.hidden)`,
    );
  }
}

/** @throws UserError naming `file`, the tensor and both shapes when it is missing or has another shape. */
export function findTensor(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  shape: number[],
  file: string,
): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined) {
    const names = [...tensors.keys()].slice(0, 8).join(', ') || 'none';
    throw new UserError(`${file}: expected a tensor ${name} [${shape.join(', ')}], found only ${names}`);
  }
  if (tensor.shape.join() !== shape.join()) {
    throw new UserError(
      `${file}: ${name}: expected the shape [${shape.join(', ')}] of the configured network, got [${tensor.shape.join(', ')}]`,
    );
  }
  return tensor.data;
}
