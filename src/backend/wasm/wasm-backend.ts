/** The WebAssembly backend: turns the plan's offsets into kernel calls. See `kernels/assembly` for shapes. */
import type { PartName } from '../../data/dataset.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { Slice } from '../../model/slice.js';
import { createOptimizer, type Optimizer } from '../../optim/optimizer.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Units } from '../../plan/plan-units.js';
import { RankRows } from '../../plan/rank-rows.js';
import type { Backend, Rows, ShardResult } from '../backend.js';
import { gradientOf, measureSlice, reduceSlice, updateSlice } from '../slice-steps.js';
import { type InputSource, PackedSource } from './inputs.js';
import { rowBytes } from './layer.js';
import { type LossRuntime, openLoss } from './loss.js';
import { Network } from './network.js';
import { UnitsPass } from './units-pass.js';

export class WasmBackend implements Backend {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #rank: number;
  readonly #optimizer: Optimizer;
  readonly #network: Network;
  readonly #loss: LossRuntime;
  readonly #evaluation: Workspace;
  readonly #source: InputSource;
  readonly #ranks: RankRows;
  readonly #units: UnitsPass | null;
  readonly #floats: Float32Array;

  /** `rank` = plan.threads is the coordinator's, which has its own scratch but no evaluation workspace. */
  constructor(
    plan: Plan,
    kernels: Kernels,
    memory: WebAssembly.Memory,
    rank: number,
    source: InputSource = new PackedSource(plan, kernels),
  ) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#floats = new Float32Array(memory.buffer);
    this.#rank = rank;
    this.#source = source;
    this.#ranks = new RankRows(plan, memory);
    this.#optimizer = createOptimizer(plan, kernels, memory);
    this.#network = new Network(plan, kernels, memory, rank);
    this.#loss = openLoss(plan, kernels, memory, rank);
    this.#evaluation = plan.evaluation[Math.min(rank, plan.threads - 1)];
    this.#units =
      plan.units &&
      new UnitsPass(plan, plan.units, kernels, memory, {
        ...{ source, network: this.#network, loss: this.#loss, ranks: this.#ranks },
      });
  }

  propagate(firstSample: number, rows: Rows, batchRows: number, step: number, result: ShardResult): void {
    const masks = { step, firstSample };
    const { training } = this.#plan;
    const targets = this.#source.batch(training, firstSample, rows);
    this.#ranks.begin(batchRows);
    this.#network.receive(rows, this.#ranks);
    this.#network.forward(training, rows, masks);
    this.#loss.run(training, targets, rows, 1 / batchRows, result);
    this.#network.backward(rows);
  }

  forwardUnits(
    firstSample: number,
    rows: Rows,
    shard: Rows,
    units: Units,
    place: number,
    step: number,
  ): void {
    this.#byUnits.forward({ step, firstSample }, rows, shard, units, place);
  }

  backwardUnits(rows: Rows, units: Units, place: number, result: ShardResult): void {
    this.#byUnits.backward(rows, units, place, result);
  }

  get #byUnits(): UnitsPass {
    if (this.#units === null) throw new Error('the plan has no shares of hidden units');
    return this.#units;
  }

  beginEvaluation(): void {}

  evaluate(part: PartName, first: number, last: number, made: number, result: ShardResult): void {
    const rows = { first: 0, last: last - first };
    const targets = this.#source.evaluated(this.#evaluation, part, first, rows, made);
    this.#network.forward(this.#evaluation, rows, null);
    this.#keepScores(first, rows.last);
    this.#loss.run(this.#evaluation, targets, rows, 1, result);
  }

  /** The outputs of samples first, first + 1, … to their places. */
  #keepScores(first: number, count: number): void {
    const { scores, layers, outputs } = this.#plan;
    if (scores === null) return;
    const { activations, panelBytes } = this.#evaluation;
    const start = activations[layers.length - 1].offset;
    let to = scores.offset / 4 + first * outputs;
    for (let row = 0; row < count; row++)
      for (let k = 0; k < outputs; k++)
        this.#floats[to++] = this.#floats[(start + (k >> 4) * panelBytes + row * rowBytes) / 4 + (k & 15)];
  }

  score(firstSample: number, rows: Rows, losses: Float64Array, result: ShardResult): void {
    const { training } = this.#plan;
    const { targets, order } = this.#source.batch(training, firstSample, rows);
    this.#network.forward(training, rows, null);
    let lossSum = 0;
    let correct = 0;
    for (let row = rows.first; row < rows.last; row++) {
      const own = { targets, order: order + (row - rows.first) * 4 };
      this.#loss.run(training, own, { first: row, last: row + 1 }, 1, result);
      losses[row] = result.lossSum;
      lossSum += result.lossSum;
      correct += result.correct;
    }
    result.lossSum = lossSum;
    result.correct = correct;
  }

  gradient(slice: Slice, rows: Rows, buffer: number): void {
    this.#network.gradient(slice, rows, gradientOf(this.#plan, this.#rank, slice, buffer));
  }

  reduce(slice: Slice, buffers: number): void {
    reduceSlice(this.#plan, this.#kernels, slice, buffers);
  }

  measure(slice: Slice): void {
    measureSlice(this.#plan, this.#optimizer, slice);
  }

  update(slice: Slice, step: number, learningRate: number): void {
    updateSlice(this.#plan, this.#rank, this.#optimizer, slice, step, learningRate);
    this.#network.derive(slice);
  }

  refresh(slices: readonly Slice[]): void {
    for (const slice of slices) this.#network.derive(slice);
  }

  trainAlone(): void {
    throw new Error('networks in layers are trained by all ranks');
  }

  close(): void {}
}
