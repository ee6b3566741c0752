/**
 * The transform of direction features as named tensors, so that it travels with the weights: a feature's input to the
 * network is (x − `features.mean` [128]) · `features.scale` [1].
 */
import type { DirectionsPlan } from '../coordinator/plan-directions.js';
import { findTensor } from '../model/parameters.js';
import type { Tensor } from '../model/safetensors.js';
import { directionFeatureCount as features } from './spec.js';

function viewsOf({ mean, shift, scale }: DirectionsPlan, { buffer }: WebAssembly.Memory) {
  return {
    mean: new Float32Array(buffer, mean.offset, features),
    shift: new Float32Array(buffer, shift.offset, features),
    scale: new Float32Array(buffer, scale.offset, 1),
  };
}

export function readTransform(plan: DirectionsPlan, memory: WebAssembly.Memory): Map<string, Tensor> {
  const { mean, scale } = viewsOf(plan, memory);
  return new Map([
    ['features.mean', { shape: [features], data: mean.slice() }],
    ['features.scale', { shape: [1], data: scale.slice() }],
  ]);
}

/** Tensors without the transform leave it as it is: a run fits its own. @throws UserError */
export function writeTransform(
  plan: DirectionsPlan,
  memory: WebAssembly.Memory,
  tensors: ReadonlyMap<string, Tensor>,
  source: string,
): void {
  if (!tensors.has('features.mean')) return;
  const { mean, shift, scale } = viewsOf(plan, memory);
  mean.set(findTensor(tensors, 'features.mean', [features], source));
  scale.set(findTensor(tensors, 'features.scale', [1], source));
  for (let f = 0; f < features; f++) shift[f] = -mean[f] * scale[0];
}
