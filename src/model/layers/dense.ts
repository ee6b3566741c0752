/**
 * A fully connected layer. Its weights are panels of 16 or 64 outputs, f32 [panels][inputs + 1][panelWidth]. The last
 * row of a panel is the bias. So the weights that a kernel reads for one block of outputs are contiguous. Outputs
 * beyond the layer's are padding: they start at zero and stay zero, because their gradient is zero. As a matrix: one
 * panel, f32 [inputs + 1][outputs].
 */
import { initialBound } from '../initialise.js';
import { orthogonalMatrix } from '../orthogonal.js';
import type { Layer, LayerLayout, LayerTensors } from './layer.js';

/** First layers on sparse rows with at least this many outputs use panels of 64. */
const wideFrom = 48;

export function dense(inputs: number, outputs: number): Layer {
  return {
    inputs,
    outputs,
    layout({ name, offset, form }) {
      const isWide = form === 'sparse rows' && outputs >= wideFrom;
      const panelWidth = form === 'matrix' ? outputs : isWide ? 64 : 16;
      const panels = Math.ceil(outputs / panelWidth);
      const panelFloats = Math.ceil(((inputs + 1) * panelWidth) / 16) * 16;
      return {
        ...{ kind: 'dense', name, inputs, outputs, panelWidth, panels },
        ...{ width: panels * panelWidth, offset, panelFloats },
      };
    },
    *initial(kind, isOutput, rng) {
      const bound = initialBound(kind, inputs, outputs, isOutput);
      const draw = (count: number, limit: number) => {
        const data = new Float32Array(count);
        if (limit > 0) for (let i = 0; i < count; i++) data[i] = rng.symmetric(limit);
        return data;
      };
      yield null;
      const weights =
        kind === 'orthogonal' ? yield* orthogonalMatrix(outputs, inputs, rng) : draw(outputs * inputs, bound);
      return new Map([
        ['weight', { shape: [outputs, inputs], data: weights }],
        ['bias', { shape: [outputs], data: draw(outputs, kind === 'torch' ? bound : 0) }],
      ]);
    },
  };
}

/** `weight` [outputs, inputs], `bias` [outputs]. */
export const denseTensors: LayerTensors = {
  read(layer, vector) {
    const { inputs, outputs } = layer;
    const weight = new Float32Array(outputs * inputs);
    const bias = new Float32Array(outputs);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) weight[o * inputs + i] = vector[parameterIndex(layer, i, o)];
      bias[o] = vector[parameterIndex(layer, inputs, o)];
    }
    return new Map([
      ['weight', { shape: [outputs, inputs], data: weight }],
      ['bias', { shape: [outputs], data: bias }],
    ]);
  },
  write(layer, vector, source) {
    const { inputs, outputs } = layer;
    const weight = source('weight', [outputs, inputs]);
    const bias = source('bias', [outputs]);
    // One call for each output, not for each weight: a model is loaded by code that has not been optimised yet.
    const { panelWidth } = layer;
    for (let o = 0, from = 0; o < outputs; o++) {
      let to = parameterIndex(layer, 0, o);
      for (const end = from + inputs; from < end; from++, to += panelWidth) vector[to] = weight[from];
      vector[to] = bias[o];
    }
  },
  describe({ inputs, outputs }, source) {
    const weight = source('weight', [outputs, inputs]);
    return [{ op: 'dense', inputs, outputs, weight, bias: source('bias', [outputs]) }];
  },
};

/** Index in the parameter vector of the weight from `input` to `output`; `input` = inputs is the bias. */
export function parameterIndex(layer: LayerLayout, input: number, output: number): number {
  const panel = Math.floor(output / layer.panelWidth);
  return (
    layer.offset + panel * layer.panelFloats + input * layer.panelWidth + (output - panel * layer.panelWidth)
  );
}
