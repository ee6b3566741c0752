/**
 * How a network sees the values that it is to predict: y = (v − mean) / scale, each target by itself, with v = value or v =
 * log(value). Fitted on the training samples, or restored; training, evaluation, prediction and exports use the same object.
 */
import type { Op } from '../../model/op.js';
import { findTensor } from '../../model/parameters.js';
import type { Tensor } from '../../model/safetensors.js';
import { exp, log } from '../../numbers/elementary.js';
import { UserError } from '../../user-error.js';

export type ScaleKind = 'auto' | 'standard' | 'log' | 'none';

/** Names of its tensors, f32 [width]; logarithmic: 1, else 0. */
const [meanName, scaleName, logName] = ['target.mean', 'target.scale', 'target.logarithmic'];

/** From this skewness on a positive target counts as skewed, if its logarithm is less so. */
const skewed = 1;

export class TargetScale {
  readonly width: number;
  readonly #mean: Float32Array;
  readonly #scale: Float32Array;
  readonly #isLog: readonly boolean[];

  private constructor(mean: Float32Array, scale: Float32Array, isLog: readonly boolean[]) {
    this.width = mean.length;
    this.#mean = mean;
    this.#scale = scale;
    this.#isLog = isLog;
  }

  /** Of targets that the network sees as they are. */
  static none(width: number): TargetScale {
    return new TargetScale(
      new Float32Array(width),
      new Float32Array(width).fill(1),
      new Array<boolean>(width).fill(false),
    );
  }

  /**
   * `values`: f32 [count][width]. `others`: of samples that are not trained on, whose logarithms are needed too. `note` gets a line for
   * each logarithm that was chosen.
   * @throws UserError if all values of a target are equal, or if a logarithm of one that is not positive is asked for.
   */
  static fit(
    kind: ScaleKind,
    values: Float32Array,
    names: readonly string[],
    note: (line: string) => void,
    others: readonly Float32Array[] = [],
  ): TargetScale {
    const width = names.length;
    const isPositive = (k: number) =>
      others.every((part) => part.every((value, i) => i % width !== k || value > 0));
    if (kind === 'none') return TargetScale.none(width);
    const fitted = TargetScale.none(width);
    const isLog = names.map((name, k) => {
      const column = columnOf(values, width, k);
      const chosen = (kind !== 'auto' || isPositive(k)) && isLogarithmic(kind, column, name, note);
      const { mean, sd } = momentsOf(chosen ? column.map(log) : column);
      // Differences of a millionth are rounding.
      if (!(sd > 1e-6 * Math.abs(mean)))
        throw new UserError(
          `target ${name}: all training values are ${column[0]}, expected values that differ`,
        );
      fitted.#mean[k] = mean;
      fitted.#scale[k] = sd;
      return chosen;
    });
    return new TargetScale(fitted.#mean, fitted.#scale, isLog);
  }

  /** Null if the tensors are of a network without one. */
  static restore(
    tensors: ReadonlyMap<string, Tensor>,
    width: number,
    source: string,
    prefix = '',
  ): TargetScale | null {
    if (!tensors.has(prefix + meanName)) return null;
    const of = (name: string) => findTensor(tensors, prefix + name, [width], source);
    const [mean, scale] = [of(meanName), of(scaleName)];
    if (!scale.every((value) => value > 0))
      throw new UserError(`${source}: ${scaleName}: expected values above 0`);
    return new TargetScale(
      mean,
      scale,
      [...of(logName)].map((value) => value === 1),
    );
  }

  tensors(): Map<string, Tensor> {
    const shape = [this.width];
    return new Map([
      [meanName, { shape, data: this.#mean }],
      [scaleName, { shape, data: this.#scale }],
      [logName, { shape, data: Float32Array.from(this.#isLog, Number) }],
    ]);
  }

  /** f32 [count][width]. @throws UserError for a value without a logarithm, if logarithms are learnt. */
  apply(values: Float32Array, names: readonly string[]): Float32Array {
    return values.map((value, i) => {
      const k = i % this.width;
      if (!this.#isLog[k]) return (value - this.#mean[k]) / this.#scale[k];
      if (!(value > 0))
        throw new UserError(
          `target ${names[k]}: sample ${(i - k) / this.width} is ${value}, expected values above 0: the network learns logarithms`,
        );
      return (log(value) - this.#mean[k]) / this.#scale[k];
    });
  }

  /** From the output k of a network to the unit of the target. */
  value(output: number, k: number): number {
    const scaled = output * this.#scale[k] + this.#mean[k];
    return this.#isLog[k] ? exp(scaled) : scaled;
  }

  /** The output whose value this is. */
  output(value: number, k: number): number {
    return ((this.#isLog[k] ? log(value) : value) - this.#mean[k]) / this.#scale[k];
  }

  /** f64, from f32 [count][width]. */
  values(outputs: Float32Array): Float64Array {
    const { width } = this;
    return Float64Array.from(outputs, (output, i) => this.value(output, i % width));
  }

  /** As settings say it. */
  get kind(): string {
    const isPlain = (k: number) => !this.#isLog[k] && this.#mean[k] === 0 && this.#scale[k] === 1;
    if (this.#isLog.every((is) => is)) return 'log';
    if (this.hasLogarithms) return 'auto: logarithms of some targets';
    return this.#isLog.every((_, k) => isPlain(k)) ? 'none' : 'standard';
  }

  agreesWith(asked: ScaleKind): boolean {
    return asked === 'auto' || asked === this.kind;
  }

  get hasLogarithms(): boolean {
    return this.#isLog.some((is) => is);
  }

  /** As `values`. */
  describe(): Op[] {
    const map: Op = { op: 'affine', scale: this.#scale, shift: this.#mean.map((mean) => 0 - mean) };
    return this.hasLogarithms ? [map, { op: 'exp', which: Uint8Array.from(this.#isLog, Number) }] : [map];
  }
}

function isLogarithmic(
  kind: ScaleKind,
  column: Float64Array,
  name: string,
  note: (line: string) => void,
): boolean {
  if (kind === 'standard') return false;
  const isPositive = column.every((value) => value > 0);
  if (kind === 'log') {
    if (isPositive) return true;
    throw UserError.refusal('data.targetScale', `auto or standard: target ${name} is not positive`, kind);
  }
  if (!isPositive) return false;
  const [plain, logarithmic] = [momentsOf(column).skewness, momentsOf(column.map(log)).skewness];
  if (plain < skewed || Math.abs(logarithmic) >= plain) return false;
  note(
    `target ${name}: its logarithm is learnt: skewness ${logarithmic.toFixed(1)} instead of ${plain.toFixed(1)} (data.targetScale=standard keeps the values)`,
  );
  return true;
}

function columnOf(values: Float32Array, width: number, k: number): Float64Array {
  const column = new Float64Array(values.length / width);
  for (let i = 0; i < column.length; i++) column[i] = values[i * width + k];
  return column;
}

/** Of the population. */
function momentsOf(values: Float64Array): { mean: number; sd: number; skewness: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [squares, cubes] = [0, 0];
  for (const value of values) {
    const difference = value - mean;
    squares += difference * difference;
    cubes += difference * difference * difference;
  }
  const sd = Math.sqrt(squares / values.length);
  return { mean, sd, skewness: sd === 0 ? 0 : cubes / values.length / (sd * sd * sd) };
}
