/**
 * A linear shortcut from the inputs of a network to its outputs, beside the layers (Cheng et al. 2016): outputs =
 * layers(x) + S · x. Its places are those of a dense layer with the first layer's width of panels, because sparse rows have
 * places of weights in them. The last layer has the bias of both, so the bias row stays zero.
 */
import type { Tensor } from '../safetensors.js';
import { parameterIndex } from './dense.js';
import type { LayerLayout, LayerTensors, Site } from './layer.js';

export const shortcutName = 'shortcut';

export function shortcutLayout(
  first: LayerLayout,
  outputs: number,
  offset: number,
  form: Site['form'],
): LayerLayout {
  const { inputs } = first;
  const panelWidth = form === 'matrix' ? outputs : first.panelWidth;
  const panels = Math.ceil(outputs / panelWidth);
  const panelFloats = Math.ceil(((inputs + 1) * panelWidth) / 16) * 16;
  return {
    ...{ kind: 'linear', name: shortcutName, inputs, outputs, panelWidth, panels },
    ...{ width: panels * panelWidth, offset, panelFloats },
  };
}

/** All zero: a run begins with the layers alone, whose draws are those of a network without a shortcut. */
export function initialShortcut(inputs: number, outputs: number): Map<string, Tensor> {
  const data = new Float32Array(outputs * inputs);
  return new Map([[`${shortcutName}.weight`, { shape: [outputs, inputs], data }]]);
}

/** `weight` [outputs, inputs]. */
export const linearTensors: LayerTensors = {
  read(layer, vector) {
    const { inputs, outputs } = layer;
    const data = new Float32Array(outputs * inputs);
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++) data[o * inputs + i] = vector[parameterIndex(layer, i, o)];
    return new Map([['weight', { shape: [outputs, inputs], data }]]);
  },
  write(layer, vector, source) {
    const { inputs, outputs, panelWidth } = layer;
    const weight = source('weight', [outputs, inputs]);
    for (let o = 0, from = 0; o < outputs; o++) {
      let to = parameterIndex(layer, 0, o);
      for (const end = from + inputs; from < end; from++, to += panelWidth) vector[to] = weight[from];
    }
  },
  describe({ inputs, outputs }, source) {
    const weight = source('weight', [outputs, inputs]);
    return [{ op: 'dense', inputs, outputs, weight, bias: new Float32Array(outputs) }];
  },
};
