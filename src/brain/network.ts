/** The network of brain.js: its methods, options, results and JSON. */
import { prepareWide } from '../kernels/online/load.js';
import type { OnlineLayer, OnlineMemory } from '../kernels/online/memory.js';
import { Rng } from '../numbers/rng.js';
import { atOnce, inTurns, type Steps } from '../numbers/steps.js';
import { ExitCode, UserError } from '../user-error.js';
import { forward } from './forward.js';
import { type NetworkJson, readNetwork, type Stored, writeNetwork } from './json.js';
import { kindOf, trainingOnline } from './online.js';
import {
  checkNetworkOptions,
  checkTrainOptions,
  given,
  type NetworkOptions,
  type TrainingState,
  type TrainOptions,
  type TrainSettings,
  trainDefaults,
} from './options.js';
import { drawnLayers, withAdam } from './parameters.js';
import {
  checkSamples,
  encode,
  encodeSample,
  type Row,
  type Sample,
  type Side,
  sideOf,
  type Values,
} from './samples.js';
import { type BinaryTestResult, scores, type TestResult } from './scores.js';
import { compiled, sourceOf } from './to-function.js';

/** What `run` returns: arrays for samples with arrays, objects for samples with objects. */
export type Outputs<Output> =
  Output extends ArrayLike<number> ? Float32Array : { [Name in keyof Output]-?: number };

export interface AsyncTrainOptions extends TrainOptions {
  /** Ends the training; the promise is then rejected with the signal's reason. The network keeps what it has learned. */
  readonly signal?: AbortSignal;
}

const sideBefore = (name: Side['name']): Side => ({ name, lookup: null, width: 0 });

/** What a training begins with; taken over when its samples have been checked. */
interface Begun {
  readonly steps: Steps<TrainingState>;
  readonly layers: readonly OnlineLayer[];
  readonly settings: TrainSettings;
}

/**
 * A feed-forward network that is trained sample by sample.
 *
 * @example
 * const net = new NeuralNetwork({ hiddenLayers: [3] });
 * net.train([{ input: [0, 1], output: [1] }, { input: [1, 1], output: [0] }]);
 * const [value] = net.run([0, 1]);
 */
export class NeuralNetwork<Input extends Values = Values, Output extends Values = Values> {
  #options: NetworkOptions;
  #settings: TrainSettings;
  #input = sideBefore('input');
  #output = sideBefore('output');
  /** Empty before the first training. */
  #layers: readonly OnlineLayer[] = [];
  /** Samples that Adam has seen. */
  #steps = 0;
  /** Of the training under way: its weights are not in `layers` yet. */
  #memory: OnlineMemory | null = null;
  #isTraining = false;

  /** @throws UserError for an unknown option or a wrong value. */
  constructor(options: NetworkOptions = {}) {
    checkNetworkOptions(options);
    const { hiddenLayers, binaryThresh, inputSize, outputSize, seed, ...training } = given(options);
    this.#options = given(options);
    this.#settings = { ...trainDefaults(), ...training };
  }

  get options(): NetworkOptions {
    return this.#options;
  }

  /** The options of the next training. */
  get trainOpts(): TrainSettings {
    return this.#settings;
  }

  /** Units of each layer, inputs first; empty before the first training. */
  get sizes(): number[] {
    const [first] = this.#layers;
    return first === undefined ? [] : [first.inputs, ...this.#layers.map(({ outputs }) => outputs)];
  }

  get isRunnable(): boolean {
    return this.#layers.length > 0;
  }

  /** Of each layer and unit, from its inputs; those of the first layer, the inputs, are empty. */
  get weights(): Float32Array[][] {
    this.#read();
    const rows = ({ inputs, outputs, weights }: OnlineLayer) =>
      Array.from({ length: outputs }, (_, i) => weights.subarray(i * inputs, (i + 1) * inputs));
    return [[], ...this.#layers.map(rows)];
  }

  get biases(): Float32Array[] {
    this.#read();
    return [new Float32Array(0), ...this.#layers.map(({ biases }) => biases)];
  }

  /** Changes options of the next training. */
  updateTrainingOptions(options: TrainOptions): void {
    checkTrainOptions(options);
    this.#settings = { ...this.#settings, ...given(options) };
  }

  /**
   * Trains until the error is not above `errorThresh`, or for `iterations` passes; the caller waits. A network that has been
   * trained or loaded goes on from its weights.
   * @throws UserError for samples or options that do not fit; the network is then as before.
   */
  train(data: readonly Sample<Input, Output>[], options: TrainOptions = {}): TrainingState {
    checkTrainOptions(options);
    const { steps } = this.#begin(data, options);
    try {
      return atOnce(steps);
    } finally {
      this.#end();
    }
  }

  /** As `train`, in turns of a few milliseconds: other events of this thread are handled between them. */
  async trainAsync(
    data: readonly Sample<Input, Output>[],
    options: AsyncTrainOptions = {},
  ): Promise<TrainingState> {
    checkTrainOptions(options, ['signal']);
    const { signal = new AbortController().signal, ...others } = options;
    if (!(signal instanceof AbortSignal)) throw UserError.refusal('options.signal', 'an AbortSignal', signal);
    signal.throwIfAborted();
    const { steps, layers, settings } = this.#begin(data, others);
    try {
      if (kindOf(layers, settings) === 'wide') await prepareWide();
      return await inTurns(steps, signal, () => {});
    } finally {
      this.#end();
    }
  }

  /** The outputs for a row. Names of an object that no sample had are left out; names that it lacks are 0. */
  run(input: Partial<Input> | Input): Outputs<Output> {
    this.#requireWeights();
    const { lookup, width } = this.#input;
    // As in brain.js: the numbers of an array are used as they are.
    const row = lookup === null ? new Float64Array(width) : new Float32Array(width);
    encode(input as Row, this.#input, 'input', row, 0);
    return this.#named(this.#forward(row)) as Outputs<Output>;
  }

  /** Errors and wrong classes over samples; of a network with one output also precision, recall and accuracy. */
  test(data: readonly Sample<Input, Output>[]): TestResult | BinaryTestResult {
    this.#requireWeights();
    checkSamples(data);
    const rows = data.map((_, i) => {
      const [input, output] = [this.#input, this.#output].map((side) => {
        const row = new Float32Array(side.width);
        encodeSample(data, i, side, row, 0);
        return row;
      });
      return { input, output, result: this.#forward(input) };
    });
    return scores(rows, this.#options.binaryThresh ?? 0.5);
  }

  /** As brain.js 2 writes it, for JSON.stringify. */
  toJSON(): NetworkJson {
    this.#requireWeights();
    return writeNetwork(this.#stored());
  }

  /**
   * Takes over a network that toJSON() of this class or of brain.js (versions 1 and 2) has written.
   * @throws UserError for anything else; the network is then as before.
   */
  fromJSON(json: object): this {
    this.#refuseMeanwhile();
    const { layers, input, output, options, settings } = readNetwork(json);
    this.#layers = layers;
    this.#input = input;
    this.#output = output;
    this.#options = options;
    this.#settings = settings;
    this.#steps = 0;
    return this;
  }

  /** A function that computes what `run` does; its source needs nothing else. `edit`: changes the source first. */
  toFunction(edit?: (source: string) => string): (input: Partial<Input> | Input) => Output {
    this.#requireWeights();
    return compiled(sourceOf(this.#stored()), edit) as (input: Partial<Input> | Input) => Output;
  }

  #begin(data: readonly Sample<Input, Output>[], options: TrainOptions): Begun {
    this.#refuseMeanwhile();
    const startedMs = Date.now();
    const settings = { ...this.#settings, ...given(options) };
    const samples: unknown = data;
    checkSamples(samples);
    const sides = { input: sideOf(samples, this.#input), output: sideOf(samples, this.#output) };
    const layers =
      this.#layers.length > 0 ? this.#layers : this.#drawn(sides.input.width, sides.output.width);
    if (settings.praxis === 'adam') withAdam(layers);
    const started = (memory: OnlineMemory) => {
      this.#memory = memory;
      this.#layers = layers;
      this.#settings = settings;
      this.#input = sides.input;
      this.#output = sides.output;
    };
    this.#isTraining = true;
    const training = { layers, data: samples, sides, settings, steps: this.#steps, startedMs, started };
    return { steps: trainingOnline(training), layers, settings };
  }

  #drawn(inputs: number, outputs: number): OnlineLayer[] {
    const { hiddenLayers, inputSize, outputSize, seed } = this.#options;
    for (const [name, size, width] of [
      ['inputSize', inputSize, inputs],
      ['outputSize', outputSize, outputs],
    ] as const)
      if (size && size !== width)
        throw UserError.refusal(`options.${name}`, `${width}, as the samples have`, size);
    const hidden = hiddenLayers ?? [Math.max(3, Math.floor(inputs / 2))];
    const rng = seed === undefined ? null : new Rng(seed);
    return drawnLayers([inputs, ...hidden, outputs], () =>
      rng === null ? Math.random() : rng.next() / 2 ** 32,
    );
  }

  #end(): void {
    this.#read();
    if (this.#memory !== null && this.#settings.praxis === 'adam') this.#steps = this.#memory.steps;
    this.#memory = null;
    this.#isTraining = false;
  }

  #read(): void {
    this.#memory?.read();
  }

  #stored(): Stored {
    this.#read();
    return {
      ...{ layers: this.#layers, input: this.#input, output: this.#output },
      ...{ options: this.#options, settings: this.#settings },
    };
  }

  #forward(row: Float32Array | Float64Array): Float32Array {
    this.#read();
    return forward(this.#layers, row, this.#settings.activation, this.#settings.leakyReluAlpha);
  }

  #named(outputs: Float32Array): Float32Array | Record<string, number> {
    const { lookup } = this.#output;
    return lookup === null
      ? outputs
      : Object.fromEntries([...lookup].map(([name, place]) => [name, outputs[place]]));
  }

  #requireWeights(): void {
    if (this.#layers.length === 0)
      throw new UserError('the network has no weights yet: call train() or fromJSON() first', ExitCode.usage);
  }

  #refuseMeanwhile(): void {
    if (this.#isTraining)
      throw new UserError('the network is being trained: await its trainAsync() first', ExitCode.usage);
  }
}
