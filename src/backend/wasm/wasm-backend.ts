/** The WebAssembly backend: the plan's offsets turned into kernel calls. See `kernels/assembly` for shapes. */

import type { PartName } from '../../data/dataset.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { Slice } from '../../model/slice.js';
import { createOptimizer, type Optimizer } from '../../optim/optimizer.js';
import { scratchFloats } from '../../plan/make-plan.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Backend, Rows, ShardResult } from '../backend.js';
import { gradientBuffer, measureSlice, reduceSlice, updateSlice } from '../slice-steps.js';
import { Columns } from './columns.js';
import { ForwardPass, rowBytes } from './forward.js';
import { type InputSource, PixelSource, type RowLabels } from './inputs.js';

export class WasmBackend implements Backend {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #optimizer: Optimizer;
  readonly #training: ForwardPass;
  readonly #evaluation: ForwardPass;
  /** Byte offsets in this rank's scratch: a row of bias sums, and 16 zeros. */
  readonly #biasSums: number;
  readonly #zeros: number;
  readonly #lossSum: Float64Array;
  readonly #columns: Columns;
  readonly #rank: number;
  readonly #source: InputSource;
  /** Rows of the batch that is being worked on. */
  #batchRows = 0;

  /** `rank` = plan.threads is the coordinator's, which has scratch of its own but no evaluation workspace. */
  constructor(
    plan: Plan,
    kernels: Kernels,
    memory: WebAssembly.Memory,
    rank: number,
    source: InputSource = new PixelSource(plan),
  ) {
    this.#plan = plan;
    this.#source = source;
    this.#kernels = kernels;
    this.#rank = rank;
    this.#columns = new Columns(plan, this.#kernels);
    this.#optimizer = createOptimizer(plan, this.#kernels, memory);
    const scratch = plan.regions.scratch.offset + rank * scratchFloats(plan.layers) * 4;
    const widest = Math.max(...plan.layers.map((layer) => layer.width)) * 4;
    this.#biasSums = scratch + widest;
    this.#zeros = scratch + 2 * widest;
    this.#lossSum = new Float64Array(memory.buffer, scratch + 2 * widest + 64, 1);
    this.#training = new ForwardPass(plan, this.#kernels, plan.training, scratch);
    const workspace = plan.evaluation[Math.min(rank, plan.threads - 1)];
    this.#evaluation = new ForwardPass(plan, this.#kernels, workspace, scratch);
  }

  propagate(firstSample: number, rows: Rows, batchRows: number, result: ShardResult): void {
    this.#batchRows = batchRows;
    const target = this.#source.batch(this.#training, firstSample, rows);
    // While the rows are in the cache: the products push them out.
    if (this.#plan.input.gathers) this.#columns.turn(this.#rank, rows);
    this.#training.run(rows);
    this.#loss(this.#plan.training, target, rows, 1 / batchRows, result);
    this.#backward(rows);
  }

  beginEvaluation(): void {}

  evaluate(part: PartName, first: number, last: number, made: number, result: ShardResult): void {
    const rows = { first: 0, last: last - first };
    const target = this.#source.evaluated(this.#evaluation, part, first, rows, made);
    this.#evaluation.run(rows);
    this.#loss(this.#evaluation.workspace, target, rows, 1, result);
  }

  score(firstSample: number, rows: Rows, losses: Float64Array, result: ShardResult): void {
    const { labels, order } = this.#source.batch(this.#training, firstSample, rows);
    this.#training.run(rows);
    let lossSum = 0;
    let correct = 0;
    for (let row = rows.first; row < rows.last; row++) {
      const target = { labels, order: order + (row - rows.first) * 4 };
      this.#loss(this.#plan.training, target, { first: row, last: row + 1 }, 1, result);
      losses[row] = result.lossSum;
      lossSum += result.lossSum;
      correct += result.correct;
    }
    result.lossSum = lossSum;
    result.correct = correct;
  }

  #loss(
    { activations, panelBytes }: Workspace,
    { labels, order }: RowLabels,
    rows: Rows,
    scale: number,
    result: ShardResult,
  ): void {
    const { layers, classes, labelSmoothing } = this.#plan;
    this.#lossSum[0] = 0;
    result.correct = this.#kernels.softmaxCrossEntropy(
      activations[layers.length - 1].offset + rows.first * rowBytes,
      panelBytes,
      rows.last - rows.first,
      classes,
      labels,
      order,
      labelSmoothing,
      scale,
      this.#lossSum.byteOffset,
    );
    result.lossSum = this.#lossSum[0];
  }

  /** Deltas of the hidden layers, from the last to the first. */
  #backward(rows: Rows): void {
    const { layers, training } = this.#plan;
    const { panelBytes } = training;
    for (let l = layers.length - 1; l > 0; l--) {
      const above = layers[l];
      const source = this.#deltas(l) + rows.first * rowBytes;
      const target = this.#deltas(l - 1);
      const transposed = this.#transposed(l);
      for (let panel = 0; panel * 16 < above.inputs; panel++) {
        this.#kernels.matmul16(
          rows.last - rows.first,
          above.outputs,
          source,
          panelBytes,
          transposed + panel * above.outputs * 64,
          target + panel * panelBytes + rows.first * rowBytes,
          rowBytes,
          this.#zeros,
          Number.NEGATIVE_INFINITY,
        );
      }
      this.#training.activationBackward(l - 1, target, rows);
    }
  }

  gradient(slice: Slice, rows: Rows, buffer: number): void {
    const { layers, input, training } = this.#plan;
    const layer = layers[slice.layer];
    const kernels = this.#kernels;
    const { panelBytes } = training;
    const width = layer.panelWidth;
    const count = rows.last - rows.first;
    const target = gradientBuffer(this.#plan, buffer) + slice.offset * 4;
    const deltas = this.#deltas(slice.layer) + slice.panel * (width / 16) * panelBytes;
    const firstDelta = deltas + rows.first * rowBytes;
    const sparse = slice.layer === 0 && input.packing === 'sparse';
    const biasRow = slice.bias ? target + (slice.lastRow - slice.firstRow) * width * 4 : this.#biasSums;
    if (slice.bias || sparse)
      for (let part = 0; part * 16 < width; part++)
        kernels.columnSum(firstDelta + part * panelBytes, count, biasRow + part * rowBytes);
    if (sparse) {
      this.#sparseGradient(slice, rows, target - slice.firstRow * width * 4, biasRow, deltas);
      return;
    }
    const source = (slice.layer === 0 ? training.inputs : training.activations[slice.layer - 1]).offset;
    kernels.outer16(
      count,
      source + rows.first * rowBytes,
      panelBytes,
      slice.firstRow,
      slice.lastRow,
      firstDelta,
      target,
      rowBytes,
    );
  }

  /** `panel`: where the gradient of the panel's first feature is; biasSums: Σ δ over the rows; deltas: of row 0. */
  #sparseGradient(slice: Slice, rows: Rows, panel: number, biasSums: number, deltas: number): void {
    const { layers, input, regions, training } = this.#plan;
    const { panelWidth } = layers[0];
    const { panelBytes } = training;
    const kernels = this.#kernels;
    if (input.gathers) {
      this.#columns.gather(this.#batchRows, rows, slice, deltas, panel, biasSums);
      return;
    }
    const ranges = input.rangeEnds.length;
    const bounds = training.bounds.offset + rows.first * (ranges + 1) * 4;
    const firstDelta = deltas + rows.first * rowBytes;
    const scatter = panelWidth === 64 ? kernels.sparseGradient64 : kernels.sparseGradient16;
    for (let range = slice.firstRange; range < slice.lastRange; range++) {
      const first = range === 0 ? 0 : input.rangeEnds[range - 1];
      // Centring by its rank-1 correction: Σ (x − μ) δᵀ = Σ x δᵀ − μ (Σ δ)ᵀ.
      const shift = regions.shift.offset + first * 4;
      const start = panel + first * panelWidth * 4;
      kernels.negativeOuter(shift, input.rangeEnds[range] - first, biasSums, panelWidth, start);
      scatter(bounds, ranges, range, rows.last - rows.first, firstDelta, panelBytes, panel);
    }
  }

  reduce(slice: Slice, buffers: number): void {
    reduceSlice(this.#plan, this.#kernels, slice, buffers);
  }

  measure(slice: Slice): void {
    measureSlice(this.#plan, this.#optimizer, slice);
  }

  update(slice: Slice, step: number, learningRate: number): void {
    updateSlice(this.#plan, this.#optimizer, slice, step, learningRate);
    this.#derive(slice);
  }

  trainAlone(): void {
    throw new Error('networks in layers are trained by all ranks');
  }

  close(): void {}

  refresh(slices: readonly Slice[]): void {
    for (const slice of slices) this.#derive(slice);
  }

  /** The backward pass reads weights transposed; layers from the second on. */
  #derive(slice: Slice): void {
    const { layers, input, regions } = this.#plan;
    const layer = layers[slice.layer];
    if (slice.layer === 0) {
      if (!input.centredByOwner) return;
      const weights = regions.parameters.offset + slice.offset * 4;
      const out = regions.centredBias.offset + slice.panel * layer.panelWidth * 4;
      this.#kernels.centredBias(weights, layer.inputs, layer.panelWidth, regions.shift.offset, out);
      return;
    }
    this.#kernels.transposeRows(
      regions.parameters.offset + (slice.offset - slice.firstRow * 16) * 4,
      slice.firstRow,
      slice.lastRow,
      slice.panel * 16,
      Math.min(16, layer.outputs - slice.panel * 16),
      layer.outputs,
      this.#transposed(slice.layer),
    );
  }

  /** The gradient of the logits replaces them, so the last layer's deltas are where its activations were. */
  #deltas(layer: number): number {
    const { layers, training } = this.#plan;
    return (layer === layers.length - 1 ? training.activations[layer] : training.deltas[layer]).offset;
  }

  #transposed(layer: number): number {
    return this.#plan.transposed[layer]?.offset ?? 0;
  }
}
