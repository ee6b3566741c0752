/** A session's parameters as named tensors, for every layout of the plan, together with the transform. */

import { TransformTensors } from '../data/transforms/directions/transform-tensors.js';
import { inputPlaces, stripFloats, stripIndex } from '../kernels/directions/direction-kernels.js';
import { exportParameters, findTensor, importParameters } from '../model/parameters.js';
import type { Tensor } from '../model/safetensors.js';
import type { Plan } from '../plan/plan.js';

export interface ParameterStore {
  /**
   * Sets the parameters, and the transform of direction features if the tensors hold one: then true.
   * @throws UserError naming `source`, the tensor and both shapes if one is missing or does not fit.
   */
  write(tensors: ReadonlyMap<string, Tensor>, source: string, prefix: string): boolean;
  read(): Map<string, Tensor>;
}

export function parameterStore(plan: Plan, memory: WebAssembly.Memory): ParameterStore {
  const vector = new Float32Array(memory.buffer, plan.regions.parameters.offset, plan.parameters);
  const { directions, classes } = plan;
  if (directions === null) {
    return {
      write(tensors, source, prefix) {
        importParameters(plan.layers, tensors, vector, source, prefix);
        return false;
      },
      read: () => exportParameters(plan.layers, vector),
    };
  }
  const transform = new TransformTensors(directions, memory);
  if (directions.hasLayers) {
    return {
      write(tensors, source, prefix) {
        importParameters(plan.layers, tensors, vector, source, prefix);
        return transform.write(tensors, source, prefix);
      },
      read: () => new Map([...exportParameters(plan.layers, vector), ...transform.read()]),
    };
  }
  const { features, components, inputs, strips } = directions.shape;
  const places = inputPlaces(features, components);
  const biasStart = strips * stripFloats;
  const shape = [classes, inputs];
  return {
    write(tensors, source, prefix) {
      const weight = findTensor(tensors, `${prefix}0.weight`, shape, source);
      const bias = findTensor(tensors, `${prefix}0.bias`, [classes], source);
      vector.fill(0);
      for (let k = 0; k < classes; k++) {
        for (let i = 0; i < inputs; i++) vector[stripIndex(places[i], k)] = weight[k * inputs + i];
      }
      vector.set(bias, biasStart);
      return transform.write(tensors, source, prefix);
    },
    read() {
      const weight = new Float32Array(classes * inputs);
      for (let k = 0; k < classes; k++) {
        for (let i = 0; i < inputs; i++) weight[k * inputs + i] = vector[stripIndex(places[i], k)];
      }
      const bias = vector.slice(biasStart, biasStart + classes);
      return new Map([
        ['0.weight', { shape, data: weight }],
        ['0.bias', { shape: [classes], data: bias }],
        ...transform.read(),
      ]);
    },
  };
}
