/** Converts between the parameter vector in shared memory and named tensors with PyTorch's shapes and names. */
import { UserError } from '../user-error.js';
import type { LayerLayout } from './layers/layer.js';
import { shortcutName } from './layers/shortcut.js';
import { layerTensors, nameOf } from './network.js';
import type { Tensor } from './safetensors.js';

export function exportParameters(layers: readonly LayerLayout[], vector: Float32Array): Map<string, Tensor> {
  return new Map(
    layers.flatMap((layer) =>
      [...layerTensors[layer.kind].read(layer, vector)].map(([name, tensor]): [string, Tensor] => [
        `${layer.name}.${name}`,
        tensor,
      ]),
    ),
  );
}

/**
 * Fills the whole vector, padding with zeros. `prefix` is put before each name looked up in `tensors`.
 * @throws UserError naming `file`, the tensor and both shapes if one is missing or does not fit.
 */
export function importParameters(
  layers: readonly LayerLayout[],
  tensors: ReadonlyMap<string, Tensor>,
  vector: Float32Array,
  file: string,
  prefix = '',
): void {
  vector.fill(0);
  for (const layer of layers)
    layerTensors[layer.kind].write(layer, vector, (name, shape) =>
      findTensor(tensors, `${prefix}${layer.name}.${name}`, shape, file),
    );
  const inRow = layers.filter(({ name }) => name !== shortcutName).length;
  const surplus = `${prefix}${nameOf(inRow)}.weight`;
  if (tensors.has(surplus)) {
    throw new UserError(
      `${file}: holds ${surplus}, but the configured network has only ${inRow} layers (model.hidden)`,
    );
  }
  const beside = `${prefix}${shortcutName}.weight`;
  if (tensors.has(beside) && inRow === layers.length)
    throw new UserError(`${file}: holds ${beside}, but the configured network has none (model.shortcut)`);
}

/** @throws UserError naming `file`, the tensor and both shapes if it is missing or has another shape. */
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
