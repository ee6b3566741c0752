/**
 * Where each parameter of an MLP lies. A layer's weights are panels of 16 or 64 outputs, f32
 * [panels][inputs + 1][panelWidth], the last row of a panel being the bias: what a kernel reads for one block of
 * outputs is contiguous. Outputs beyond the layer's are padding: zero at the start, and kept zero because
 * their gradient is.
 */

export interface LayerLayout {
  readonly inputs: number;
  readonly outputs: number;
  /** 16 or 64; of layers laid out as matrices: outputs. */
  readonly panelWidth: number;
  readonly panels: number;
  /** Floats in a row of this layer's activations: panels · panelWidth ≥ outputs. */
  readonly width: number;
  /** First float of the layer in the parameter vector. */
  readonly offset: number;
  /** Floats from one panel to the next: (inputs + 1) · panelWidth; of a matrix up to a multiple of 16. */
  readonly panelFloats: number;
}

/** Sparse first layers of at least this many outputs use panels of 64. */
const wideFrom = 48;

/** `sizes`: units of each layer from the input to the classes, such as [784, 256, 128, 10]. */
export function layoutNetwork(sizes: readonly number[], sparseInput: boolean): LayerLayout[] {
  let offset = 0;
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index];
    const panelWidth = sparseInput && index === 0 && outputs >= wideFrom ? 64 : 16;
    const panels = Math.ceil(outputs / panelWidth);
    const panelFloats = (inputs + 1) * panelWidth;
    const layer: LayerLayout = {
      inputs,
      outputs,
      panelWidth,
      panels,
      width: panels * panelWidth,
      offset,
      panelFloats,
    };
    offset += panels * panelFloats;
    return layer;
  });
}

/**
 * For backends that take a layer's weights as one matrix: f32 [inputs + 1][outputs], the last row being the bias,
 * each layer at a multiple of 64 bytes.
 */
export function layoutMatrices(sizes: readonly number[]): LayerLayout[] {
  let offset = 0;
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index];
    const panelFloats = Math.ceil(((inputs + 1) * outputs) / 16) * 16;
    const layer = { inputs, outputs, panelWidth: outputs, panels: 1, width: outputs, offset, panelFloats };
    offset += panelFloats;
    return layer;
  });
}

/** Floats of the whole parameter vector, padding included; a multiple of 16. */
export function parameterFloats(layers: readonly LayerLayout[]): number {
  return layers.reduce((sum, layer) => sum + layer.panels * layer.panelFloats, 0);
}

/** Index in the parameter vector of the weight from `input` to `output`; `input` = inputs is the bias. */
export function parameterIndex(layer: LayerLayout, input: number, output: number): number {
  const panel = Math.floor(output / layer.panelWidth);
  return (
    layer.offset + panel * layer.panelFloats + input * layer.panelWidth + (output - panel * layer.panelWidth)
  );
}
