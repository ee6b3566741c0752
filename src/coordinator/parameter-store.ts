/** A session's parameters as named tensors, for every layout of the plan; includes the transform of direction features. */
import { readStrips, writeStrips } from '../backend/directions/strip-tensors.js';
import { TransformTensors } from '../data/transforms/directions/transform-tensors.js';
import { withShortcut } from '../model/network.js';
import { exportParameters, importParameters } from '../model/parameters.js';
import type { Tensor } from '../model/safetensors.js';
import type { Plan } from '../plan/plan.js';

type Tensors = ReadonlyMap<string, Tensor>;

export interface ParameterStore {
  /**
   * Sets the parameters, and the transform of direction features if the tensors contain one: true in that case.
   * @throws UserError naming `source`, the tensor and both shapes if one is missing or does not fit.
   */
  write(tensors: Tensors, source: string, prefix: string): boolean;
  read(): Map<string, Tensor>;
}

export function parameterStore(plan: Plan, memory: WebAssembly.Memory): ParameterStore {
  const vector = new Float32Array(memory.buffer, plan.regions.parameters.offset, plan.parameters);
  const { directions, outputs } = plan;
  const layers = withShortcut(plan);
  const transform = directions && new TransformTensors(directions, memory);
  // Without hidden layers, direction features have a layout of their own.
  const strips = directions === null || directions.hasLayers ? null : directions.shape;
  return {
    write(tensors, source, prefix) {
      if (strips === null) importParameters(layers, tensors, vector, source, prefix);
      else writeStrips(strips, outputs, vector, tensors, source, prefix);
      return transform?.write(tensors, source, prefix) ?? false;
    },
    read() {
      const network =
        strips === null ? exportParameters(layers, vector) : readStrips(strips, outputs, vector);
      return new Map([...network, ...(transform?.read() ?? [])]);
    },
  };
}
