/** A trained network that a program uses: one file, opened without a training session. */
import { setImmediate as otherEvents } from 'node:timers/promises';
import type { Samples } from '../data/dataset.js';
import { refuseOtherKeys } from '../data/other-keys.js';
import { namesOf } from '../data/target.js';
import { sizeOf } from '../data/transforms/transform.js';
import { toJson } from '../formats/json.js';
import { onnxMetadata } from '../formats/onnx/own.js';
import { toOnnx } from '../formats/onnx/write.js';
import { toFunction } from '../formats/runtime/predict.js';
import { type ModelPredictor, openPredictor } from '../inference/average.js';
import type { SavedModel } from '../inference/described-model.js';
import { graphOf } from '../inference/model-graph.js';
import type { Precision } from '../inference/predictor.js';
import { directionShape } from '../kernels/directions/spec.js';
import type { LoadedKernels } from '../kernels/load.js';
import { loadKernelsApart } from '../kernels/load-apart.js';
import { lossOf } from '../loss/loss.js';
import { sigmoid, toProbabilities } from '../loss/probabilities.js';
import type { Metrics } from '../metrics/metric.js';
import { mostLost as usualLoss } from '../model/quantise.js';
import { inTurns } from '../numbers/steps.js';
import type { TableRow } from '../tables/training/table-inputs.js';
import type { TableModel } from '../tables/training/table-model.js';
import { ExitCode, UserError } from '../user-error.js';
import { version } from '../version.js';
import { type ModelBytes, pathOf } from './files.js';
import { type Opened, opened, type RowReading } from './opened-model.js';
import { indexOfLargest, requireFinite } from './outputs.js';
import { checkedSample, type SampleKind, samplesOf } from './samples.js';
import type { ClassPrediction, Data, Evaluation, Inputs, PredictOptions } from './types.js';

/** The calling thread is not blocked for longer by one call of the kernels, milliseconds. */
const longestCallMs = 6;

/** Samples of the first call, and of one loop over outputs. */
const [firstSamples, outputSamples] = [64, 8192];

export class Model implements AsyncDisposable {
  /** The name of each class, in the order of the probabilities; of values, the name of each. */
  readonly labels: readonly string[];
  /** What it predicts: classes, or values (of a regression, or the probabilities of labels). */
  readonly kind: 'class' | 'value';
  /** Shape of a sample, such as [28, 28, 1]. */
  readonly input: readonly number[];
  /** The metadata of the model's file: network, transforms, recipe, accuracy. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the model comes from: a path, or words. */
  readonly source: string;
  /** `int8`: as made by toInt8. */
  readonly precision: Precision;
  readonly #bytes: Uint8Array;
  readonly #saved: SavedModel;
  readonly #reading: RowReading;
  readonly #kind: SampleKind;
  readonly #kernels: LoadedKernels;
  /** For the calling thread alone. */
  readonly #alone: ModelPredictor;
  /** With workers, by number of threads. */
  readonly #shared = new Map<number, Promise<ModelPredictor>>();
  /** Calls of predictMany: their workers are not ended before them. */
  readonly #running = new Set<Promise<void>>();

  private constructor(
    bytes: Uint8Array,
    { saved, reading }: Opened,
    kernels: LoadedKernels,
    alone: ModelPredictor,
    precision: Precision = 'float32',
  ) {
    this.#bytes = bytes;
    this.#saved = saved;
    this.#reading = reading;
    this.#kernels = kernels;
    this.#alone = alone;
    this.labels = namesOf(saved.target);
    this.kind = saved.target.kind;
    this.input = saved.pipeline.input;
    this.#kind = { shape: this.input, values: saved.pipeline.values };
    this.metadata = saved.metadata;
    this.source = saved.source;
    this.precision = precision;
  }

  /** @internal How rows of a table are read; null: the model takes other samples. */
  get table(): TableModel | null {
    return this.#saved.table;
  }

  /** @internal With the kernels of a training. @throws UserError if the bytes are no model. */
  static async open(bytes: Uint8Array, source: string, kernels: LoadedKernels): Promise<Model> {
    const all = await opened({ bytes, source });
    const alone = await openPredictor(all.saved, all.saved.tensors, kernels, source);
    return new Model(bytes, all, kernels, alone);
  }

  /** @internal Kernels are compiled while the file is read. @throws as `reading` does, or if the bytes are no model. */
  static async load(reading: Promise<ModelBytes>): Promise<Model> {
    const opening = reading.then(opened);
    const shape = opening.then(({ saved: { config } }) =>
      config.data.features.kind === 'directions' ? directionShape(config.data.features) : null,
    );
    const kernels = loadKernelsApart(undefined, shape);
    // Whatever fails first is thrown below.
    kernels.catch(() => {});
    const [{ bytes, source }, all] = [await reading, await opening];
    const alone = await openPredictor(all.saved, all.saved.tensors, kernels, source);
    return new Model(bytes, all, await kernels, alone);
  }

  /**
   * The class of one sample of product(input) values, integers from 0 to 255 for a model of images. Of several equal
   * outputs the first counts. A model of a table takes an object of its columns, such as `{ age: 39 }`; others are missing.
   * @throws UserError for a sample of another length or with other values.
   */
  predict(sample: ArrayLike<number> | TableRow): ClassPrediction {
    if (this.#saved.target.kind === 'value')
      throw new UserError(
        `${this.source}: a network of values, which predictValues gives, not of classes`,
        ExitCode.usage,
      );
    const probabilities = this.#alone.predict(this.#sample(sample));
    requireFinite(probabilities, this.source);
    const index = indexOfLargest(probabilities);
    toProbabilities(this.#loss, probabilities, this.labels.length);
    return { kind: 'class', label: this.labels[index], index, probabilities };
  }

  /**
   * The values of one sample, in the units of the targets; of labels, the probability of each.
   * @throws UserError as predict does, and for a network of classes.
   */
  predictValues(sample: ArrayLike<number> | TableRow): Float64Array {
    if (this.#saved.target.kind === 'class')
      throw new UserError(
        `${this.source}: a network of classes, which predict gives, not of values`,
        ExitCode.usage,
      );
    const outputs = this.#alone.predict(this.#sample(sample));
    requireFinite(outputs, this.source);
    return this.#inUnits(outputs);
  }

  /**
   * Probabilities, f32 [count][classes], or values in the units of the targets, f32 [count][values]; or the network's outputs.
   * @throws UserError for samples of another length or with other values, and for an `out` of another length.
   */
  async predictMany(
    inputs: Inputs | readonly TableRow[],
    options: PredictOptions = {},
  ): Promise<Float32Array> {
    refuseOtherKeys('options', options, ['threads', 'logits', 'out']);
    const samples = await this.#samples(inputs);
    const classes = this.labels.length;
    const length = (samples.length / sizeOf(this.input)) * classes;
    const { out = new Float32Array(length), threads = 1, logits = false } = options;
    if (!(out instanceof Float32Array) || out.length !== length)
      throw UserError.refusal('out', `a Float32Array of ${length} values`, out);
    const filling = this.#fill(await this.#predictor(threads), samples, out);
    this.#running.add(filling);
    await filling.finally(() => this.#running.delete(filling));
    requireFinite(out, this.source);
    const rows = outputSamples * classes;
    for (let at = 0; !logits && at < length; at += rows) {
      const some = out.subarray(at, at + rows);
      if (this.#saved.target.kind === 'value') some.set(this.#inUnits(some));
      else toProbabilities(this.#loss, some, classes);
      await otherEvents();
    }
    return out;
  }

  /**
   * How well the model does on samples with known classes: those of a part in memory, or the test part of a data set.
   * @throws UserError for samples of another shape or of other classes.
   */
  async evaluate(data: Data, options: Pick<PredictOptions, 'threads'> = {}): Promise<Evaluation> {
    const { evaluate } = await import('./evaluate.js');
    return evaluate(this, this.#saved, data, options);
  }

  /**
   * Every metric of the model's task on the samples that evaluate takes: of classes accuracy, balancedAccuracy, f1, auc and
   * logLoss; of values rmse, mae and r2, in the units of the targets. Null: not defined on the samples.
   * @throws UserError as evaluate does.
   */
  async metrics(data: Data, options: Pick<PredictOptions, 'threads'> = {}): Promise<Metrics> {
    const { metricsOn } = await import('./evaluate.js');
    return metricsOn(this, this.#saved, data, options);
  }

  /**
   * The same network with weights and activations in bytes, several times as fast for networks of ReLUs on pixels. The loss
   * of accuracy is measured on `data`, as evaluate takes them. What the model saves and exports stays float32.
   * @throws UserError for other networks, and if more than `mostLost` of the samples are lost, by default 0.001.
   */
  async toInt8(data: Data, { mostLost = usualLoss }: { readonly mostLost?: number } = {}): Promise<Model> {
    const { tensors, source } = this.#saved;
    if (typeof mostLost !== 'number' || Number.isNaN(mostLost))
      throw UserError.refusal('mostLost', 'a share of the samples, such as 0.001', mostLost);
    const precision = 'int8';
    const alone = await openPredictor(this.#saved, tensors, this.#kernels, source, { precision });
    const own = { saved: this.#saved, reading: this.#reading };
    const model = new Model(this.#bytes, own, this.#kernels, alone, precision);
    const { refuseLoss } = await import('./evaluate.js');
    await refuseLoss(this.#saved, [this, model], data, mostLost);
    return model;
  }

  /** The bytes of the model's file: safetensors, with metadata that describe the network. Equal runs give equal bytes. */
  toSafetensors(): Uint8Array {
    return this.#bytes.slice();
  }

  /** An ONNX graph: input `input` [N, …shape] of raw values, outputs `logits` and `probabilities`. See docs/export.md. */
  toOnnx(): Uint8Array {
    return toOnnx(graphOf(this.#saved), {
      version,
      metadata: onnxMetadata(this.metadata, this.#saved.tensors),
    });
  }

  /** The model as an object of the `.json` format of docs/export.md, for `JSON.stringify`. */
  toJSON(): object {
    return JSON.parse(toJson(graphOf(this.#saved)));
  }

  /** The model in plain JavaScript, without threads and WebAssembly: the function of an exported `.mjs`. */
  toFunction(): (sample: ArrayLike<number> | TableRow) => {
    label: string;
    index: number;
    probabilities: number[];
  } {
    if (this.kind === 'value')
      throw new UserError(
        `${this.source}: toFunction: expected a network of classes, got one of values, whose function is in the .mjs file of shardstep export`,
        ExitCode.usage,
      );
    return toFunction(graphOf(this.#saved));
  }

  /** Writes the model's file: a temporary file first, then renamed. @throws UserError if it cannot be written. */
  async save(file: string | URL): Promise<void> {
    const place = pathOf('file', file);
    if (/\.(onnx|json|mjs|h)$/i.test(place))
      throw UserError.refusal(
        'file',
        'a name such as model.safetensors, since save writes that format',
        place,
      );
    const { writeAtomic } = await import('../run/atomic-file.js');
    await writeAtomic(place, this.#bytes);
  }

  /** Ends the workers of predictMany, if there are any. Without it the process still exits by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#shared.values());
    this.#shared.clear();
    await Promise.allSettled(this.#running);
    for (const one of opened) if (one.status === 'fulfilled') await one.value.close();
  }

  #inUnits(outputs: Float32Array): Float64Array {
    const { scale, config } = this.#saved;
    if (config.loss.name === 'binary-cross-entropy') return Float64Array.from(outputs, sigmoid);
    const values = scale?.values(outputs) ?? Float64Array.from(outputs);
    // An exponential of a finite output need not be finite, in float32 neither.
    if (values.some((value) => !Number.isFinite(Math.fround(value))))
      throw new UserError(
        `${this.source}: a predicted value is not finite in the unit of the target: the sample is far outside those of training`,
      );
    return values;
  }

  get #loss() {
    return lossOf(this.#saved.config.loss, this.#saved.facts.target);
  }

  #sample(sample: ArrayLike<number> | TableRow): Samples['values'] {
    const { table } = this;
    if (table === null || this.#reading === null) return checkedSample(sample, this.#kind);
    return this.#reading.tableRow(table, sample, 'sample');
  }

  async #samples(inputs: Inputs | readonly TableRow[]): Promise<Samples['values']> {
    const { table } = this;
    const never = new AbortController().signal;
    if (table !== null && this.#reading !== null)
      return inTurns(this.#reading.tableRows(table, inputs, 'inputs'), never, () => {});
    // Of objects, the refusal names the first.
    return samplesOf(inputs as Inputs, this.#kind);
  }

  /** In calls short enough for other events of the thread. */
  async #fill(predictor: ModelPredictor, values: Samples['values'], out: Float32Array): Promise<void> {
    const classes = this.labels.length;
    const size = sizeOf(this.input);
    const count = values.length / size;
    let some = firstSamples;
    for (let first = 0; first < count; ) {
      const last = Math.min(count, first + some);
      const started = performance.now();
      predictor.predict(
        values.subarray(first * size, last * size),
        out.subarray(first * classes, last * classes),
      );
      const spent = performance.now() - started;
      some = Math.max(1, Math.floor((last - first) * Math.min(2, longestCallMs / Math.max(spent, 0.01))));
      first = last;
      await otherEvents();
    }
  }

  async #predictor(threads: NonNullable<PredictOptions['threads']>): Promise<ModelPredictor> {
    if (threads === 1) return this.#alone;
    const { countCores } = await import('../machine/cores.js');
    const cores = await countCores();
    const words = { physical: cores.physical, logical: cores.available };
    // More threads than cores would only wait for each other.
    const asked = typeof threads === 'number' ? threads : words[threads];
    const count = Number.isInteger(asked) ? Math.min(asked, cores.available) : asked;
    if (!Number.isInteger(count) || count < 1)
      throw UserError.refusal('threads', "an integer from 1 up, 'physical' or 'logical'", threads);
    if (count === 1) return this.#alone;
    const options = { threads: count, cores: cores.available, precision: this.precision };
    const { tensors, source } = this.#saved;
    const predictor =
      this.#shared.get(count) ?? openPredictor(this.#saved, tensors, this.#kernels, source, options);
    this.#shared.set(count, predictor);
    // One that could not be opened is tried again.
    predictor.catch(() => this.#shared.delete(count));
    return predictor;
  }
}
