/** A network: its layers in order, from the configuration to their places in the parameter vector. */
import type { Rng } from '../numbers/rng.js';
import { atOnce, type Steps } from '../numbers/steps.js';
import type { InitKind } from './initialise.js';
import { dense, denseTensors } from './layers/dense.js';
import type { Layer, LayerLayout, LayerTensors, Site } from './layers/layer.js';
import { linearTensors, shortcutLayout } from './layers/shortcut.js';
import type { Tensor } from './safetensors.js';

/** A new kind of layer is a file in `layers/` and a line here, besides its keys in the configuration. */
export const layerTensors: Readonly<Record<LayerLayout['kind'], LayerTensors>> = {
  dense: denseTensors,
  linear: linearTensors,
};

/** `sizes`: units from the input to the outputs, such as [784, 256, 128, 10]; between the layers are activations. */
export function denseNetwork(sizes: readonly number[]): Layer[] {
  return sizes.slice(1).map((outputs, index) => dense(sizes[index], outputs));
}

/** `firstForm`: the form of the layer on the inputs; the others have dense rows, or matrices if the first has. */
export function layoutNetwork(network: readonly Layer[], firstForm: Site['form']): LayerLayout[] {
  const form = firstForm === 'matrix' ? 'matrix' : 'dense rows';
  let offset = 0;
  return network.map((layer, index) => {
    const layout = layer.layout({ name: nameOf(index), offset, form: index === 0 ? firstForm : form });
    offset += layout.panels * layout.panelFloats;
    return layout;
  });
}

/** From the inputs to the outputs, after the parameters of the layers. */
export function layoutShortcut(layers: readonly LayerLayout[], firstForm: Site['form']): LayerLayout {
  const [first, { outputs }] = [layers[0], layers[layers.length - 1]];
  return shortcutLayout(first, outputs, parameterFloats(layers), firstForm);
}

/** Everything with parameters, by the numbers that slices have: the layers, then the shortcut if there is one. */
export const withShortcut = ({
  layers,
  shortcut,
}: {
  readonly layers: readonly LayerLayout[];
  readonly shortcut: LayerLayout | null;
}): readonly LayerLayout[] => (shortcut === null ? layers : [...layers, shortcut]);

/** As drawingTensors, without a pause. */
export const initialTensors = (...given: Parameters<typeof drawingTensors>): Map<string, Tensor> =>
  atOnce(drawingTensors(...given));

/** Initial tensors, drawn layer by layer, weights [out][in] before biases, whatever their place in memory. */
export function* drawingTensors(
  network: readonly Layer[],
  kind: InitKind,
  rng: Rng,
): Steps<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const [index, layer] of network.entries()) {
    const isOutput = index > 0 && index + 1 === network.length;
    for (const [name, tensor] of yield* layer.initial(kind, isOutput, rng))
      tensors.set(`${nameOf(index)}.${name}`, tensor);
  }
  return tensors;
}

/** Floats of the whole parameter vector, padding included; a multiple of 16. */
export function parameterFloats(layers: readonly LayerLayout[]): number {
  return layers.reduce((sum, layer) => sum + layer.panels * layer.panelFloats, 0);
}

/** `0`, `2`, `4` …: nn.Sequential counts the activations between. */
export const nameOf = (layer: number): string => String(2 * layer);
