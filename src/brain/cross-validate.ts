/** k-fold cross-validation, as brain.js has it. */
import { Rng, shuffle } from '../numbers/rng.js';
import { UserError } from '../user-error.js';
import type { NetworkJson } from './json.js';
import type { NeuralNetwork } from './network.js';
import type { TrainOptions } from './options.js';
import type { Sample, Values } from './samples.js';
import type { BinaryTestResult, TestResult } from './scores.js';

/** The training and the test of one fold; `error` is that of the training, as in brain.js. */
export type FoldResult = (TestResult | BinaryTestResult) & {
  readonly trainTime: number;
  readonly testTime: number;
  readonly iterations: number;
  readonly network: NetworkJson;
};

export interface CrossValidateJson {
  readonly avgs: {
    readonly error: number;
    readonly iterations: number;
    readonly trainTime: number;
    readonly testTime: number;
  };
  readonly stats: Readonly<Record<string, number>> & {
    readonly total: number;
    readonly testSize: number;
    readonly trainSize: number;
  };
  readonly sets: readonly FoldResult[];
}

export class CrossValidate<Input extends Values = Values, Output extends Values = Values> {
  readonly #make: () => NeuralNetwork<Input, Output>;
  #json: CrossValidateJson | null = null;

  /** `make`: a new network for each fold. */
  constructor(make: () => NeuralNetwork<Input, Output>) {
    if (typeof make !== 'function')
      throw UserError.refusal('CrossValidate', 'a function that returns a new network', make);
    this.#make = make;
  }

  /** Trains a network on the other folds for each of `k` folds of the shuffled samples, and tests it on that fold. */
  train(
    data: readonly Sample<Input, Output>[],
    options: TrainOptions = {},
    k = 4,
    seed: number = Math.floor(Math.random() * 2 ** 32),
  ): CrossValidateJson {
    if (!Number.isSafeInteger(k) || k < 2 || k > data.length)
      throw UserError.refusal('k', `a whole number from 2 to ${data.length}, the number of samples`, k);
    const order = Int32Array.from(data, (_, i) => i);
    shuffle(order, new Rng(seed));
    const sets = Array.from({ length: k }, (_, fold) => {
      const [first, last] = [fold, fold + 1].map((part) => Math.floor((part * data.length) / k));
      const isTested = (_i: number, place: number) => place >= first && place < last;
      const tested = Array.from(order.filter(isTested), (i) => data[i]);
      const trained = Array.from(
        order.filter((i, place) => !isTested(i, place)),
        (i) => data[i],
      );
      return this.#fold(trained, tested, options);
    });
    const mean = (of: (set: FoldResult) => number) => sets.reduce((sum, set) => sum + of(set), 0) / k;
    this.#json = {
      avgs: {
        error: mean(({ error }) => error),
        iterations: mean(({ iterations }) => iterations),
        trainTime: mean(({ trainTime }) => trainTime),
        testTime: mean(({ testTime }) => testTime),
      },
      stats: {
        ...binaryStats(sets),
        ...{ total: data.length, testSize: data.length / k, trainSize: data.length - data.length / k },
      },
      sets,
    };
    return this.#json;
  }

  /** The network with the smallest training error. */
  toNeuralNetwork(): NeuralNetwork<Input, Output> {
    return this.fromJSON(this.toJSON());
  }

  toJSON(): CrossValidateJson {
    if (this.#json === null) throw UserError.refusal('CrossValidate', 'a call of train() first', null);
    return this.#json;
  }

  fromJSON({ sets }: CrossValidateJson): NeuralNetwork<Input, Output> {
    const best = sets.reduce((least, set) => (set.error < least.error ? set : least));
    return this.#make().fromJSON(best.network);
  }

  #fold(
    trained: readonly Sample<Input, Output>[],
    tested: readonly Sample<Input, Output>[],
    options: TrainOptions,
  ): FoldResult {
    const network = this.#make();
    const began = performance.now();
    const { error, iterations } = network.train(trained, options);
    const ended = performance.now();
    const result = network.test(tested);
    const times = { trainTime: ended - began, testTime: performance.now() - ended };
    return { ...result, ...times, iterations, error, network: network.toJSON() };
  }
}

/** Sums over the folds, and what follows from them; nothing if the networks have several outputs. */
function binaryStats(sets: readonly FoldResult[]): Record<string, number> {
  const binary = sets.filter((set) => 'truePos' in set);
  if (binary.length < sets.length) return {};
  const sum = (of: (set: BinaryTestResult) => number) => binary.reduce((total, set) => total + of(set), 0);
  const [truePos, trueNeg] = [sum((set) => set.truePos), sum((set) => set.trueNeg)];
  const [falsePos, falseNeg] = [sum((set) => set.falsePos), sum((set) => set.falseNeg)];
  return {
    ...{ truePos, trueNeg, falsePos, falseNeg },
    precision: truePos > 0 ? truePos / (truePos + falsePos) : 0,
    recall: truePos > 0 ? truePos / (truePos + falseNeg) : 0,
    accuracy: (truePos + trueNeg) / sum((set) => set.total),
  };
}
