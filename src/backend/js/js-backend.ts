/**
 * The reference backend: plain TypeScript on the plan's float32 matrices, by the definitions that the kernels are
 * tested against (sums in float64). It is hundreds of times slower than the kernels and decides what is right if they
 * are in doubt.
 */

import type { PartName } from '../../data/dataset.js';
import { activation, activationSlope, adamStep, matmul, sgdStep } from '../../kernels/reference.js';
import { type Loss, lossOf } from '../../loss/loss.js';
import type { LayerLayout } from '../../model/layers/layer.js';
import { withShortcut } from '../../model/network.js';
import type { Slice } from '../../model/slice.js';
import { dropoutFactors } from '../../optim/dropout.js';
import type { Plan } from '../../plan/plan.js';
import type { Backend, Rows, ShardResult } from '../backend.js';
import { BatchRows } from '../matrices/batch-rows.js';
import { gradientBuffer } from '../slice-steps.js';

export class JsBackend implements Backend {
  readonly #plan: Plan;
  readonly #buffer: ArrayBufferLike;
  readonly #rows: BatchRows;
  readonly #rank: number;
  readonly #lossOfRow: Loss;

  constructor(plan: Plan, memory: WebAssembly.Memory, rank: number) {
    this.#plan = plan;
    this.#buffer = memory.buffer;
    this.#rows = new BatchRows(plan, memory);
    this.#rank = rank;
    this.#lossOfRow = lossOf(plan.loss, plan.target);
  }

  propagate(firstSample: number, rows: Rows, batchRows: number, step: number, result: ShardResult): void {
    const { layers, training, activation: kind } = this.#plan;
    const count = rows.last - rows.first;
    const samples = this.#rows.ordered(firstSample + rows.first, count);
    const at = (offset: number, columns: number) =>
      this.#floats(offset + rows.first * columns * 4, count * columns);
    const inputs = at(training.inputs.offset, layers[0].inputs);
    this.#rows.inputs('train', samples, inputs);
    const factors = layers
      .slice(0, -1)
      .map((_, l) => this.#factors(l, step, firstSample + rows.first, count));
    const sums = this.#forward(inputs, count, (l, outputs) => {
      factors[l]?.forEach((factor, i) => {
        outputs[i] *= factor;
      });
      at(training.activations[l].offset, layers[l].outputs).set(outputs);
    });
    let deltas: ArrayLike<number> = this.#loss(
      'train',
      samples,
      sums[layers.length - 1],
      1 / batchRows,
      result,
    );
    for (let l = layers.length - 1; l >= 0; l--) {
      const { outputs, inputs: width } = layers[l];
      at(this.#deltasOffset(l), outputs).set(deltas);
      if (l === 0) break;
      const back = transpose(this.#weights(l), width, outputs);
      const below = matmul(deltas, back, count, outputs, width);
      const masks = factors[l - 1];
      deltas = below.map((delta, i) => delta * (masks?.[i] ?? 1) * activationSlope(kind, sums[l - 1][i]));
    }
  }

  /** Dropout: the factors of a layer's outputs, [count][outputs], of samples from `place` on; null: none are left out. */
  #factors(l: number, step: number, place: number, count: number): Float64Array | null {
    const { dropout, layers } = this.#plan;
    if (dropout === null) return null;
    const { outputs } = layers[l];
    const [seed] = new Uint32Array(this.#buffer, dropout.seed.offset, 1);
    const factors = new Float64Array(count * outputs);
    for (let row = 0; row < count; row++)
      factors.set(dropoutFactors(dropout.rates[l], seed, step, l, place + row, outputs), row * outputs);
    return factors;
  }

  evaluate(part: PartName, first: number, last: number, _made: number, result: ShardResult): void {
    const { layers, evaluation } = this.#plan;
    const samples = this.#rows.inFile(first, last - first);
    const inputs = this.#floats(evaluation[this.#rank].inputs.offset, samples.length * layers[0].inputs);
    this.#rows.inputs(part, samples, inputs);
    const sums = this.#forward(inputs, samples.length, () => {});
    this.#rows.keepScores(first, sums[layers.length - 1]);
    this.#loss(part, samples, sums[layers.length - 1], 1, result);
  }

  /** Every layer's sums, f64 [count][outputs]; `activated` receives the outputs of hidden layers. */
  #forward(
    inputs: Float32Array,
    count: number,
    activated: (layer: number, outputs: Float64Array) => void,
  ): Float64Array[] {
    const { layers, shortcut, activation: kind } = this.#plan;
    let values: ArrayLike<number> = inputs;
    const all = layers.map(({ inputs: depth, outputs }, l) => {
      const bias = this.#bias(l);
      const products = matmul(values, this.#weights(l), count, depth, outputs);
      const sums = products.map((sum, i) => sum + bias[i % outputs]);
      if (l < layers.length - 1) {
        const activations = sums.map((z) => activation(kind, z));
        activated(l, activations);
        values = activations;
      }
      return sums;
    });
    if (shortcut === null) return all;
    const beside = matmul(inputs, this.#weights(layers.length), count, shortcut.inputs, shortcut.outputs);
    return all.with(
      -1,
      all[layers.length - 1].map((sum, i) => sum + beside[i]),
    );
  }

  /** Returns the gradient of the losses with respect to the logits, times `scale`. */
  #loss(
    part: PartName,
    samples: Int32Array,
    logits: Float64Array,
    scale: number,
    result: ShardResult,
  ): Float64Array {
    const { outputs: width } = this.#plan;
    const deltas = new Float64Array(logits.length);
    result.lossSum = 0;
    result.correct = 0;
    samples.forEach((sample, row) => {
      const of = logits.subarray(row * width, (row + 1) * width);
      const delta = deltas.subarray(row * width, (row + 1) * width);
      const target = this.#rows.target(part, sample);
      result.lossSum += this.#lossOfRow.row(of, target, delta);
      result.correct += Number(this.#lossOfRow.isRight(of, target));
      for (let k = 0; k < width; k++) delta[k] *= scale;
    });
    return deltas;
  }

  gradient(slice: Slice, rows: Rows, buffer: number): void {
    const { layers, training } = this.#plan;
    const { inputs, outputs } = this.#layer(slice.layer);
    const isBeside = slice.layer === layers.length;
    const count = rows.last - rows.first;
    const source = (slice.layer === 0 || isBeside ? training.inputs : training.activations[slice.layer - 1])
      .offset;
    const values = this.#floats(source + rows.first * inputs * 4, count * inputs);
    const deltas = this.#floats(this.#deltasOffset(slice.layer) + rows.first * outputs * 4, count * outputs);
    const columns = transpose(values, count, inputs, slice.firstRow, slice.lastRow);
    const weights = matmul(columns, deltas, slice.lastRow - slice.firstRow, count, outputs);
    const target = this.#floats(gradientBuffer(this.#plan, buffer) + slice.offset * 4, slice.floats);
    target.set(weights);
    // A shortcut has no bias.
    if (slice.bias && isBeside) target.fill(0, weights.length);
    else if (slice.bias)
      target.set(matmul(new Float32Array(count).fill(1), deltas, 1, count, outputs), weights.length);
  }

  reduce(slice: Slice, buffers: number): void {
    const part = (buffer: number) =>
      this.#floats(gradientBuffer(this.#plan, buffer) + slice.offset * 4, slice.floats);
    const sum = part(0);
    for (let buffer = 1; buffer < buffers; buffer++)
      part(buffer).forEach((value, i) => {
        sum[i] += value;
      });
  }

  update(slice: Slice, step: number, learningRate: number): void {
    const { regions, parameters, optimizer } = this.#plan;
    const at = (offset: number) => this.#floats(offset + slice.offset * 4, slice.floats);
    const weights = at(regions.parameters.offset);
    const first = at(regions.states.offset);
    const gradient = at(gradientBuffer(this.#plan, 0));
    if (optimizer.name === 'sgd') {
      const settings = { ...optimizer, learningRate };
      gradient.forEach((g, i) => {
        [weights[i], first[i]] = sgdStep(weights[i], first[i], g, settings);
      });
      return;
    }
    if (optimizer.name === 'lars') throw new Error('the reference backend has no lars');
    const settings = { ...optimizer, learningRate, decoupled: optimizer.name === 'adamw' };
    const second = at(regions.states.offset + parameters * 4);
    gradient.forEach((g, i) => {
      [weights[i], first[i], second[i]] = adamStep(weights[i], first[i], second[i], g, step, settings);
    });
  }

  /** Only LARS needs norms, and this backend refuses it. */
  measure(): void {}

  /** Nothing is derived from the parameters. */
  refresh(): void {}

  beginEvaluation(): void {}

  forwardUnits(): void {
    throw new Error('the reference backend computes whole layers');
  }

  backwardUnits(): void {
    throw new Error('the reference backend computes whole layers');
  }

  score(): void {
    throw new Error('the reference backend has no losses of single rows');
  }

  trainAlone(): void {
    throw new Error('the reference backend trains with all ranks');
  }

  close(): void {}

  /** The shortcut has the number after the last layer's. */
  #layer(l: number): LayerLayout {
    return withShortcut(this.#plan)[l];
  }

  #weights(l: number): Float32Array {
    const { inputs, outputs, offset } = this.#layer(l);
    return this.#floats(this.#plan.regions.parameters.offset + offset * 4, inputs * outputs);
  }

  #bias(l: number): Float32Array {
    const { inputs, outputs, offset } = this.#plan.layers[l];
    return this.#floats(this.#plan.regions.parameters.offset + (offset + inputs * outputs) * 4, outputs);
  }

  /** As in the other backends, the last layer's deltas are at the place of its activations. */
  #deltasOffset(l: number): number {
    const { activations, deltas } = this.#plan.training;
    return (deltas[l] ?? activations[activations.length - 1]).offset;
  }

  #floats(offset: number, count: number): Float32Array {
    return new Float32Array(this.#buffer, offset, count);
  }
}

/** Columns [first, last) of a matrix as rows. */
function transpose(
  matrix: Float32Array,
  rows: number,
  columns: number,
  first = 0,
  last = columns,
): Float32Array {
  const out = new Float32Array((last - first) * rows);
  for (let column = first; column < last; column++)
    for (let row = 0; row < rows; row++) out[(column - first) * rows + row] = matrix[row * columns + column];
  return out;
}
