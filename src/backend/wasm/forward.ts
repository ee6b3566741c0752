/** The forward pass of some rows through one workspace, and the slopes of its activations. */

import type { PartName } from '../../data/dataset.js';
import { activationCode, type Kernels } from '../../kernels/kernels.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Rows } from '../backend.js';

/** Bytes of a row within a panel: 16 floats. */
export const rowBytes = 64;

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

  /** Rows of the workspace, fetched before, up to the logits. */
  run(rows: Rows): void {
    if (rows.first === rows.last) return;
    const { layers, input } = this.#plan;
    for (let layer = 0; layer < layers.length; layer++) {
      if (layer === 0 && input.packing === 'sparse') this.#sparseLayer(rows);
      else this.#denseLayer(layer, rows);
      this.#activate(layer, rows);
    }
  }

  /** The inputs of the samples listed at `order` (i32, one per row) become rows of the workspace. */
  fetch(part: PartName, order: number, rows: Rows): void {
    const { input, regions, parts } = this.#plan;
    const count = rows.last - rows.first;
    const { inputs, bounds, panelBytes } = this.workspace;
    if (input.packing === 'dense') {
      const target = inputs.offset + rows.first * rowBytes;
      const values = parts[part].values.offset;
      const shift = regions.shift.offset;
      this.#kernels.gatherRows(values, order, count, input.width, input.scale, shift, target, panelBytes);
      return;
    }
    const ranges = input.rangeEnds.length;
    const out = bounds.offset + rows.first * (ranges + 1) * 4;
    this.#kernels.locateRows(parts[part].starts.offset, order, count, ranges, out);
  }

  #sparseLayer(rows: Rows): void {
    const { input, layers, regions } = this.#plan;
    const [layer] = layers;
    const { panelBytes } = this.workspace;
    const ranges = input.rangeEnds.length;
    const bounds = this.workspace.bounds.offset + rows.first * (ranges + 1) * 4;
    const forward = layer.panelWidth === 64 ? this.#kernels.sparseForward64 : this.#kernels.sparseForward16;
    for (let panel = 0; panel < layer.panels; panel++) {
      const weights = regions.parameters.offset + (layer.offset + panel * layer.panelFloats) * 4;
      let bias = weights + layer.inputs * layer.panelWidth * 4;
      if (input.centredByOwner) {
        bias = regions.centredBias.offset + panel * layer.panelWidth * 4;
      } else if (input.shifted) {
        bias = this.#centredBias;
        this.#kernels.centredBias(weights, layer.inputs, layer.panelWidth, regions.shift.offset, bias);
      }
      const out = this.#output(0) + panel * (layer.panelWidth / 16) * panelBytes + rows.first * rowBytes;
      forward(bounds, ranges, rows.last - rows.first, weights, bias, out, panelBytes, this.#floor(0));
    }
  }

  #denseLayer(l: number, rows: Rows): void {
    const { layers, regions } = this.#plan;
    const layer = layers[l];
    const { inputs, activations, panelBytes } = this.workspace;
    const source = (l === 0 ? inputs : activations[l - 1]).offset + rows.first * rowBytes;
    for (let panel = 0; panel < layer.panels; panel++) {
      const weights = regions.parameters.offset + (layer.offset + panel * layer.panelFloats) * 4;
      this.#kernels.matmul16(
        rows.last - rows.first,
        layer.inputs,
        source,
        panelBytes,
        weights,
        this.#output(l) + panel * panelBytes + rows.first * rowBytes,
        rowBytes,
        weights + layer.inputs * rowBytes,
        this.#floor(l),
      );
    }
  }

  /** ReLU is fused into the products; the others run over the finished rows. */
  #activate(l: number, rows: Rows): void {
    const { activation, layers } = this.#plan;
    if (activation === 'relu' || l === layers.length - 1) return;
    const { activations, panelBytes } = this.workspace;
    for (let panel = 0; panel * 16 < layers[l].width; panel++) {
      const offset = panel * panelBytes + rows.first * rowBytes;
      this.#kernels.activate(
        activationCode[activation],
        this.#output(l) + offset,
        activations[l].offset + offset,
        (rows.last - rows.first) * 16,
      );
    }
  }

  /** Multiplies the deltas of layer `l`, laid out as its activations are, by the slope of its activation. */
  activationBackward(l: number, deltas: number, rows: Rows): void {
    const { activation, layers } = this.#plan;
    const { activations, panelBytes } = this.workspace;
    for (let panel = 0; panel * 16 < layers[l].width; panel++) {
      const offset = panel * panelBytes + rows.first * rowBytes;
      this.#kernels.activateBackward(
        activationCode[activation],
        this.#output(l) + offset,
        activations[l].offset + offset,
        deltas + offset,
        (rows.last - rows.first) * 16,
      );
    }
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
