/** What weights in 8 bits make of a model: the same computation, with the values that the weights then have. */
import { nameOf } from '../model/network.js';
import type { Graph } from '../model/op.js';
import { quantiseRows } from '../model/quantise.js';
import type { Tensor } from '../model/safetensors.js';

/** Layers only: a map before a rounding operation is part of the normalisation, which stays as it was trained on. */
export function quantised(graph: Graph): Graph {
  const lastRounding = graph.ops.findLastIndex(({ op }) => op === 'fixedPoint');
  return {
    ...graph,
    ops: graph.ops.map((op, n) => {
      if (op.op !== 'dense' || n < lastRounding) return op;
      return { ...op, weight: rounded(Float32Array.from(op.weight), op.outputs, op.inputs) };
    }),
  };
}

/** The same of a weights file, for a network of `layers` dense layers. */
export function quantisedLayers(tensors: ReadonlyMap<string, Tensor>, layers: number): Map<string, Tensor> {
  const out = new Map(tensors);
  for (let layer = 0; layer < layers; layer++) {
    const name = `${nameOf(layer)}.weight`;
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    const [outputs, inputs] = tensor.shape;
    out.set(name, { shape: tensor.shape, data: Float32Array.from(rounded(tensor.data, outputs, inputs)) });
  }
  return out;
}

function rounded(weight: Float32Array, outputs: number, inputs: number): Float64Array {
  const { values, scales } = quantiseRows(weight, outputs, inputs);
  return Float64Array.from(values, (value, at) => value * scales[Math.floor(at / inputs)]);
}
