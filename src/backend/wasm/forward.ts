/** The forward pass of some rows through one workspace, and the slopes of its activations. */
import type { PartName, Plan, Workspace } from '../../coordinator/plan.js';
import { activationCode, type Kernels } from '../../kernels/kernels.js';
import type { Rows } from '../backend.js';

export class ForwardPass {
  readonly workspace: Workspace;
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  /** Byte offset of this rank's row for the centred bias of the first layer. */
  readonly #centredBias: number;

  constructor(plan: Plan, kernels: Kernels, workspace: Workspace, centredBias: number) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.workspace = workspace;
    this.#centredBias = centredBias;
  }

  /** Rows of the workspace from the samples listed at `order` (i32, one per row) up to the logits. */
  run(part: PartName, order: number, rows: Rows): void {
    if (rows.first === rows.last) return;
    this.#gather(part, order, rows);
    this.#plan.layers.forEach((_, layer) => {
      if (layer === 0 && this.#plan.input.packing === 'sparse') this.#sparseLayer(rows);
      else this.#denseLayer(layer, rows);
      this.#activate(layer, rows);
    });
  }

  #gather(part: PartName, order: number, rows: Rows): void {
    const { input, regions, parts } = this.#plan;
    const count = rows.last - rows.first;
    const { inputs, bounds } = this.workspace;
    if (input.packing === 'dense') {
      const target = inputs.offset + rows.first * input.width * 4;
      const values = parts[part].values.offset;
      this.#kernels.gatherRows(values, order, count, input.width, input.scale, regions.shift.offset, target);
      return;
    }
    const ranges = input.rangeEnds.length;
    const out = bounds.offset + rows.first * (ranges + 1) * 4;
    this.#kernels.locateRows(parts[part].starts.offset, order, count, ranges, out);
  }

  #sparseLayer(rows: Rows): void {
    const { input, layers, regions } = this.#plan;
    const [layer] = layers;
    const ranges = input.rangeEnds.length;
    const bounds = this.workspace.bounds.offset + rows.first * (ranges + 1) * 4;
    const forward = layer.panelWidth === 64 ? this.#kernels.sparseForward64 : this.#kernels.sparseForward16;
    const panelBytes = layer.panelWidth * 4;
    for (let panel = 0; panel < layer.panels; panel++) {
      const weights = regions.parameters.offset + (layer.offset + panel * layer.panelFloats) * 4;
      let bias = weights + layer.inputs * panelBytes;
      if (input.centredByOwner) {
        bias = regions.centredBias.offset + panel * panelBytes;
      } else if (input.shifted) {
        bias = this.#centredBias;
        this.#kernels.centredBias(weights, layer.inputs, layer.panelWidth, regions.shift.offset, bias);
      }
      const out = this.#output(0) + rows.first * layer.width * 4 + panel * panelBytes;
      forward(bounds, ranges, rows.last - rows.first, weights, bias, out, layer.width * 4, this.#floor(0));
    }
  }

  #denseLayer(l: number, rows: Rows): void {
    const { input, layers, regions } = this.#plan;
    const layer = layers[l];
    const stride = (l === 0 ? input.width : layers[l - 1].width) * 4;
    const source = (l === 0 ? this.workspace.inputs : this.workspace.activations[l - 1]).offset;
    for (let panel = 0; panel < layer.panels; panel++) {
      const weights = regions.parameters.offset + (layer.offset + panel * layer.panelFloats) * 4;
      this.#kernels.matmul16(
        rows.last - rows.first,
        layer.inputs,
        source + rows.first * stride,
        stride,
        4,
        weights,
        64,
        this.#output(l) + rows.first * layer.width * 4 + panel * 64,
        layer.width * 4,
        weights + layer.inputs * 64,
        this.#floor(l),
      );
    }
  }

  /** ReLU is fused into the products; the others run over the finished rows. */
  #activate(l: number, rows: Rows): void {
    const { activation, layers } = this.#plan;
    if (activation === 'relu' || l === layers.length - 1) return;
    const offset = rows.first * layers[l].width * 4;
    this.#kernels.activate(
      activationCode[activation],
      this.#output(l) + offset,
      this.workspace.activations[l].offset + offset,
      (rows.last - rows.first) * layers[l].width,
    );
  }

  /** Multiplies the deltas at `deltas` by the slope of layer `l`'s activation. */
  activationBackward(l: number, deltas: number, rows: Rows, workspace: Workspace): void {
    const { activation, layers } = this.#plan;
    const offset = rows.first * layers[l].width * 4;
    this.#kernels.activateBackward(
      activationCode[activation],
      this.#output(l) + offset,
      workspace.activations[l].offset + offset,
      deltas,
      (rows.last - rows.first) * layers[l].width,
    );
  }

  /** Where layer `l`'s sums go: GELU keeps them, the others are overwritten by the activations. */
  #output(l: number): number {
    const { preActivations, activations } = this.workspace;
    return (preActivations[l] ?? activations[l]).offset;
  }

  #floor(l: number): number {
    const { activation, layers } = this.#plan;
    return activation === 'relu' && l < layers.length - 1 ? 0 : Number.NEGATIVE_INFINITY;
  }
}
