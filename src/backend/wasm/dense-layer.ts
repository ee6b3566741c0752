/** A fully connected layer whose inputs are dense rows. */
import type { Kernels } from '../../kernels/kernels.js';
import type { LayerLayout } from '../../model/layers/layer.js';
import type { Slice } from '../../model/slice.js';
import type { MaskOrigin } from '../../optim/dropout.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Units } from '../../plan/plan-units.js';
import type { Rows } from '../backend.js';
import { Activation } from './activation.js';
import { allUnits, deltasOf, type LayerRuntime, type LayerSite, rowBytes } from './layer.js';

export class DenseLayer implements LayerRuntime {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #index: number;
  readonly #layer: LayerLayout;
  readonly #activation: Activation;
  readonly #zeros: number;
  readonly #deltas: number;

  constructor({ plan, kernels, memory, index, scratch }: LayerSite) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#index = index;
    this.#layer = plan.layers[index];
    this.#activation = new Activation(plan, kernels, memory, index);
    this.#zeros = scratch.zeros;
    this.#deltas = deltasOf(plan, index);
  }

  receive(): void {}

  forward(workspace: Workspace, rows: Rows, masks: MaskOrigin | null, units = allUnits): void {
    const { inputs, width } = this.#layer;
    const { panelBytes } = workspace;
    const source = this.#inputs(workspace) + rows.first * rowBytes;
    const end = Math.min(units.last, width);
    for (let panel = units.first / 16; panel * 16 < end; panel++) {
      const weights = this.#weights(panel);
      this.#kernels.matmul16(
        rows.last - rows.first,
        inputs,
        source,
        panelBytes,
        weights,
        this.#activation.sums(workspace) + panel * panelBytes + rows.first * rowBytes,
        rowBytes,
        weights + inputs * rowBytes,
        this.#activation.floor,
      );
    }
    this.#activation.forward(workspace, rows, masks, units);
  }

  contribute(workspace: Workspace, rows: Rows, { first, last }: Units, out: number): void {
    const { panels, inputs } = this.#layer;
    const { panelBytes } = workspace;
    const end = Math.min(last, inputs);
    for (let panel = 0; panel < panels; panel++) {
      const weights = this.#weights(panel);
      this.#kernels.matmul16(
        rows.last - rows.first,
        end - first,
        this.#inputs(workspace) + (first / 16) * panelBytes + rows.first * rowBytes,
        panelBytes,
        weights + first * rowBytes,
        out + panel * panelBytes + rows.first * rowBytes,
        rowBytes,
        end === inputs ? weights + inputs * rowBytes : this.#zeros,
        Number.NEGATIVE_INFINITY,
      );
    }
  }

  /** Weights are read transposed, f32 [⌈inputs / 16⌉][outputs][16]. */
  backward(rows: Rows, units: Units, { first, last }: Units): void {
    const { training } = this.#plan;
    this.#activation.backward(training, this.#deltas, rows, units);
    if (this.#index === 0) return;
    const { inputs, outputs } = this.#layer;
    const { panelBytes } = training;
    const below = deltasOf(this.#plan, this.#index - 1);
    const end = Math.min(last, inputs);
    for (let panel = first / 16; panel * 16 < end; panel++) {
      this.#kernels.matmul16(
        rows.last - rows.first,
        outputs,
        this.#deltas + rows.first * rowBytes,
        panelBytes,
        this.#transposed + panel * outputs * 64,
        below + panel * panelBytes + rows.first * rowBytes,
        rowBytes,
        this.#zeros,
        Number.NEGATIVE_INFINITY,
      );
    }
  }

  gradient(slice: Slice, rows: Rows, target: number): void {
    const { training } = this.#plan;
    const { panelBytes } = training;
    const count = rows.last - rows.first;
    const deltas = this.#deltas + slice.panel * panelBytes + rows.first * rowBytes;
    if (slice.bias)
      this.#kernels.columnSum(deltas, count, target + (slice.lastRow - slice.firstRow) * rowBytes);
    this.#kernels.outer16(
      count,
      this.#inputs(training) + rows.first * rowBytes,
      panelBytes,
      slice.firstRow,
      slice.lastRow,
      deltas,
      target,
      rowBytes,
    );
  }

  derive({ panel, firstRow, lastRow, offset }: Slice): void {
    if (this.#index === 0) return;
    const { outputs } = this.#layer;
    this.#kernels.transposeRows(
      this.#plan.regions.parameters.offset + (offset - firstRow * 16) * 4,
      firstRow,
      lastRow,
      panel * 16,
      Math.min(16, outputs - panel * 16),
      outputs,
      this.#transposed,
    );
  }

  #weights(panel: number): number {
    const { offset, panelFloats } = this.#layer;
    return this.#plan.regions.parameters.offset + (offset + panel * panelFloats) * 4;
  }

  #inputs({ inputs, activations }: Workspace): number {
    return (this.#index === 0 ? inputs : activations[this.#index - 1]).offset;
  }

  get #transposed(): number {
    return this.#plan.derived[this.#index]?.offset ?? 0;
  }
}
