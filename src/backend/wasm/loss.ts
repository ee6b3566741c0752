/** The loss of rows of a workspace; its gradient overwrites their outputs. */
import { labelSmoothingOf } from '../../config/loss-keys.js';
import type { Kernels } from '../../kernels/kernels.js';
import { type Loss, lossOf } from '../../loss/loss.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Rows, ShardResult } from '../backend.js';
import { TargetReader } from '../target-reader.js';
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
  const { loss: config, target } = plan;
  const loss = lossOf(config, target);
  const isPlain = target.kind === 'class' && target.weights === null;
  return loss.name === 'cross-entropy' && isPlain
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
    const { layers, outputs, loss } = this.#plan;
    this.#lossSum[0] = 0;
    result.correct = this.#kernels.softmaxCrossEntropy(
      activations[layers.length - 1].offset + rows.first * rowBytes,
      panelBytes,
      rows.last - rows.first,
      outputs,
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
  readonly #targets: TargetReader;
  readonly #outputs: Float64Array;
  readonly #gradient: Float64Array;

  constructor(plan: Plan, loss: Loss, memory: WebAssembly.Memory) {
    this.#plan = plan;
    this.#loss = loss;
    this.#floats = new Float32Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#targets = new TargetReader(plan, memory);
    this.#outputs = new Float64Array(plan.outputs);
    this.#gradient = new Float64Array(plan.outputs);
  }

  run(
    { activations, panelBytes }: Workspace,
    { targets, order }: RowTargets,
    rows: Rows,
    scale: number,
    result: ShardResult,
  ): void {
    const { layers, outputs: width } = this.#plan;
    const start = activations[layers.length - 1].offset;
    const place = (row: number, k: number) => (start + (k >> 4) * panelBytes + row * rowBytes) / 4 + (k & 15);
    result.lossSum = 0;
    result.correct = 0;
    for (let row = rows.first; row < rows.last; row++) {
      for (let k = 0; k < width; k++) this.#outputs[k] = this.#floats[place(row, k)];
      const sample = this.#words[order / 4 + row - rows.first];
      const target = this.#targets.of(targets, sample);
      result.lossSum += this.#loss.row(this.#outputs, target, this.#gradient);
      result.correct += Number(this.#loss.isRight(this.#outputs, target));
      for (let k = 0; k < width; k++) this.#floats[place(row, k)] = scale * this.#gradient[k];
    }
  }
}
