/** The loss of rows of a workspace; its gradient overwrites their outputs. */
import { labelSmoothingOf } from '../../config/label-smoothing.js';
import type { Kernels } from '../../kernels/kernels.js';
import { type Loss, lossOf } from '../../loss/loss.js';
import { isHit } from '../../metrics/accuracy.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Rows, ShardResult } from '../backend.js';
import type { RowTargets } from './inputs.js';
import { rowBytes, scratchOf } from './layer.js';

export interface LossRuntime {
  /** `scale`: factor of the gradient; 1 / batch for a mean. */
  run(workspace: Workspace, targets: RowTargets, rows: Rows, scale: number, result: ShardResult): void;
}

/** By a kernel if there is one, else row by row. */
export function openLoss(
  plan: Plan,
  kernels: Kernels,
  memory: WebAssembly.Memory,
  rank: number,
): LossRuntime {
  const loss = lossOf(plan.loss);
  return loss.name === 'cross-entropy'
    ? new CrossEntropyKernel(plan, kernels, memory, rank)
    : new LossByRows(plan, loss, memory);
}

class CrossEntropyKernel implements LossRuntime {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #lossSum: Float64Array;

  constructor(plan: Plan, kernels: Kernels, memory: WebAssembly.Memory, rank: number) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#lossSum = new Float64Array(memory.buffer, scratchOf(plan, rank).lossSum, 1);
  }

  run(
    { activations, panelBytes }: Workspace,
    { targets, order }: RowTargets,
    rows: Rows,
    scale: number,
    result: ShardResult,
  ): void {
    const { layers, classes, loss } = this.#plan;
    this.#lossSum[0] = 0;
    result.correct = this.#kernels.softmaxCrossEntropy(
      activations[layers.length - 1].offset + rows.first * rowBytes,
      panelBytes,
      rows.last - rows.first,
      classes,
      targets,
      order,
      labelSmoothingOf(loss),
      scale,
      this.#lossSum.byteOffset,
    );
    result.lossSum = this.#lossSum[0];
  }
}

/** Any loss, by its definition on one row. */
class LossByRows implements LossRuntime {
  readonly #plan: Plan;
  readonly #loss: Loss;
  readonly #floats: Float32Array;
  readonly #words: Int32Array;
  readonly #outputs: Float64Array;
  readonly #gradient: Float64Array;

  constructor(plan: Plan, loss: Loss, memory: WebAssembly.Memory) {
    this.#plan = plan;
    this.#loss = loss;
    this.#floats = new Float32Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#outputs = new Float64Array(plan.classes);
    this.#gradient = new Float64Array(plan.classes);
  }

  run(
    { activations, panelBytes }: Workspace,
    { targets, order }: RowTargets,
    rows: Rows,
    scale: number,
    result: ShardResult,
  ): void {
    const { layers, classes } = this.#plan;
    const start = activations[layers.length - 1].offset;
    const place = (row: number, k: number) => (start + (k >> 4) * panelBytes + row * rowBytes) / 4 + (k & 15);
    result.lossSum = 0;
    result.correct = 0;
    for (let row = rows.first; row < rows.last; row++) {
      for (let k = 0; k < classes; k++) this.#outputs[k] = this.#floats[place(row, k)];
      const sample = this.#words[order / 4 + row - rows.first];
      const target = this.#words[targets / 4 + sample];
      result.lossSum += this.#loss.row(this.#outputs, target, this.#gradient);
      result.correct += Number(isHit(this.#outputs, target));
      for (let k = 0; k < classes; k++) this.#floats[place(row, k)] = scale * this.#gradient[k];
    }
  }
}
