/** A session's parameters as named tensors, whichever way the plan lays them out; the transform goes with them. */
import type { Plan } from '../coordinator/plan.js';
import { directionFeatureCount as features } from '../directions/spec.js';
import { readTransform, writeTransform } from '../directions/transform-tensors.js';
import { stripFloats, stripIndex } from '../kernels/direction-kernels.js';
import { exportParameters, findTensor, importParameters } from './parameters.js';
import type { Tensor } from './safetensors.js';

export interface ParameterStore {
  /**
   * Sets the parameters, and the transform of direction features if the tensors hold one.
   * @throws UserError naming `source`, the tensor and both shapes when one is missing or does not fit.
   */
  write(tensors: ReadonlyMap<string, Tensor>, source: string, prefix: string): void;
  read(): Map<string, Tensor>;
}

export function parameterStore(plan: Plan, memory: WebAssembly.Memory): ParameterStore {
  const vector = new Float32Array(memory.buffer, plan.regions.parameters.offset, plan.parameters);
  const { directions, classes } = plan;
  if (directions === null) {
    return {
      write: (tensors, source, prefix) => importParameters(plan.layers, tensors, vector, source, prefix),
      read: () => exportParameters(plan.layers, vector),
    };
  }
  return {
    write(tensors, source, prefix) {
      const weight = findTensor(tensors, `${prefix}0.weight`, [classes, features], source);
      const bias = findTensor(tensors, `${prefix}0.bias`, [classes], source);
      writeStrips(weight, bias, vector);
      writeTransform(directions, memory, tensors, source);
    },
    read: () => new Map([...readStrips(vector, classes), ...readTransform(directions, memory)]),
  };
}

const biasStart = (features / 8) * stripFloats;

function writeStrips(weight: Float32Array, bias: Float32Array, vector: Float32Array): void {
  vector.fill(0);
  for (let k = 0; k < bias.length; k++) {
    for (let f = 0; f < features; f++) vector[stripIndex(f, k)] = weight[k * features + f];
  }
  vector.set(bias, biasStart);
}

function readStrips(vector: Float32Array, classes: number): Map<string, Tensor> {
  const weight = new Float32Array(classes * features);
  for (let k = 0; k < classes; k++) {
    for (let f = 0; f < features; f++) weight[k * features + f] = vector[stripIndex(f, k)];
  }
  return new Map([
    ['0.weight', { shape: [classes, features], data: weight }],
    ['0.bias', { shape: [classes], data: vector.slice(biasStart, biasStart + classes) }],
  ]);
}
