/** What weights in 8 bits make of a graph: the same operations, with the values that the weights then have. */
import type { Graph } from '../model/op.js';
import { quantiseRows } from '../model/quantise.js';

/** Layers only: a map before a rounding operation is part of the normalisation, which stays as it was trained on. */
export function quantised(graph: Graph): Graph {
  const lastRounding = graph.ops.findLastIndex(({ op }) => op === 'fixedPoint');
  return {
    ...graph,
    ops: graph.ops.map((op, n) => {
      if (op.op !== 'dense' || n < lastRounding) return op;
      const { values, scales } = quantiseRows(Float32Array.from(op.weight), op.outputs, op.inputs);
      const weight = Float64Array.from(values, (value, at) => value * scales[Math.floor(at / op.inputs)]);
      return { ...op, weight };
    }),
  };
}
