/** Rows of a part as a matrix f32 [rows][features], normalised, and as targets f32 [rows][classes]. */
import { labelSmoothingOf } from '../../config/loss-keys.js';
import type { PartName } from '../../data/dataset.js';
import { expandStored } from '../../kernels/expansion.js';
import type { Plan } from '../../plan/plan.js';
import { TargetReader } from '../target-reader.js';

export class BatchRows {
  readonly #plan: Plan;
  readonly #buffer: ArrayBufferLike;
  /** The value of an input without light: −shift. */
  readonly #blank: Float32Array;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  readonly #targets: TargetReader;

  constructor(plan: Plan, memory: WebAssembly.Memory) {
    const { input, regions } = plan;
    this.#plan = plan;
    this.#buffer = memory.buffer;
    const shift = new Float32Array(memory.buffer, regions.shift.offset, input.features);
    this.#blank = Float32Array.from(shift, (value) => 0 - value);
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#targets = new TargetReader(plan, memory);
  }

  /** Samples [first, first + count) of the epoch's order; of a part, in the order of the file. */
  ordered(first: number, count: number): Int32Array {
    return new Int32Array(this.#buffer, this.#plan.regions.order.offset + first * 4, count);
  }

  inFile(first: number, count: number): Int32Array {
    return new Int32Array(this.#buffer, this.#plan.regions.identity.offset + first * 4, count);
  }

  /** One row of `out` for each sample. */
  inputs(part: PartName, samples: Int32Array, out: Float32Array): void {
    const { packing } = this.#plan.input;
    if (packing === 'sparse') this.#sparse(part, samples, out);
    else if (packing === 'real') this.#real(part, samples, out);
    else if (packing === 'encoded') this.#encoded(part, samples, out);
    else this.#dense(part, samples, out);
  }

  #real(part: PartName, samples: Int32Array, out: Float32Array): void {
    const { features, width } = this.#plan.input;
    const first = this.#plan.parts[part].values.offset / 4;
    samples.forEach((sample, row) => {
      const from = first + sample * width;
      out.set(this.#floats.subarray(from, from + features), row * features);
    });
  }

  #encoded(part: PartName, samples: Int32Array, out: Float32Array): void {
    const { input, parts, regions } = this.#plan;
    const { features, storedWidth } = input;
    const first = parts[part].values.offset / 4;
    const blocks = this.#floats.subarray(
      regions.blocks.offset / 4,
      (regions.blocks.offset + regions.blocks.bytes) / 4,
    );
    samples.forEach((sample, row) => {
      const from = first + sample * storedWidth;
      const stored = this.#floats.subarray(from, from + storedWidth);
      expandStored(blocks, stored, out.subarray(row * features, (row + 1) * features));
    });
  }

  #sparse(part: PartName, samples: Int32Array, out: Float32Array): void {
    const { features } = this.#plan.input;
    const { starts, count } = this.#plan.parts[part];
    const addresses = new Uint32Array(this.#buffer, starts.offset, count + 1);
    samples.forEach((sample, row) => {
      const at = row * features;
      out.set(this.#blank, at);
      const end = addresses[sample + 1] / 4;
      for (let entry = addresses[sample] / 4; entry < end; entry += 2)
        out[at + this.#words[entry]] += this.#floats[entry + 1];
    });
  }

  #dense(part: PartName, samples: Int32Array, out: Float32Array): void {
    const { features, width } = this.#plan.input;
    // As in the kernels.
    const scale = Math.fround(this.#plan.input.scale);
    const { values } = this.#plan.parts[part];
    const pixels = new Uint16Array(this.#buffer, values.offset, values.bytes / 2);
    const blank = this.#blank;
    samples.forEach((sample, row) => {
      const [from, to] = [sample * width, row * features];
      for (let i = 0; i < features; i++) out[to + i] = pixels[from + i] * scale + blank[i];
    });
  }

  /** Of classes: the labels' one-hot rows, smoothed: (1 − ε) one-hot + ε / classes. */
  targets(part: PartName, samples: Int32Array, out: Float32Array): void {
    const { outputs: classes, loss } = this.#plan;
    const labelSmoothing = labelSmoothingOf(loss);
    const labels = this.labels(part);
    out.fill(labelSmoothing / classes, 0, samples.length * classes);
    samples.forEach((sample, row) => {
      out[row * classes + labels[sample]] += 1 - labelSmoothing;
    });
  }

  /** Number of samples whose predicted class is right. */
  hits(part: PartName, samples: Int32Array, found: ArrayLike<number>): number {
    const labels = this.labels(part);
    return samples.reduce((sum, sample, row) => sum + Number(labels[sample] === found[row]), 0);
  }

  /** The target of a sample, as a loss takes it; valid until the next call. */
  target(part: PartName, sample: number): Float64Array {
    return this.#targets.of(this.#plan.parts[part].targets.offset, sample);
  }

  /** After an evaluation of samples from `first`: their outputs, [rows][outputs], to their places. */
  keepScores(first: number, outputs: ArrayLike<number>): void {
    const { scores, outputs: width } = this.#plan;
    if (scores !== null) this.#floats.set(outputs, scores.offset / 4 + first * width);
  }

  labels(part: PartName): Int32Array {
    const { targets, count } = this.#plan.parts[part];
    return new Int32Array(this.#buffer, targets.offset, count);
  }
}
