/**
 * Online training: one step of gradient descent for each sample, in the order of the samples, pass after pass. In steps, so
 * that a caller can let other events run between them.
 */
import { onlineKernels } from '../kernels/online/load.js';
import {
  blockSize,
  type OnlineKind,
  type OnlineLayer,
  OnlineMemory,
  type OnlineSettings,
} from '../kernels/online/memory.js';
import { rowsAStep, type Steps } from '../numbers/steps.js';
import type { TrainingState, TrainSettings } from './options.js';
import { weightCount } from './parameters.js';
import { checkReachable, encodeSample, nameOf, type Row, type Sample, type Side } from './samples.js';

/** From so many weights on, the wide kernel is faster. */
const wideFrom = 2000;

/** Adam has no wide kernel. */
export const kindOf = (layers: readonly OnlineLayer[], { praxis }: TrainSettings): OnlineKind =>
  praxis !== 'adam' && weightCount(layers) >= wideFrom ? 'wide' : 'exact';

export interface Training {
  readonly layers: readonly OnlineLayer[];
  readonly data: readonly Sample<Row, Row>[];
  readonly sides: { readonly input: Side; readonly output: Side };
  readonly settings: TrainSettings;
  /** Samples that Adam has seen so far. */
  readonly steps: number;
  /** When the training began, of `Date.now()`. */
  readonly startedMs: number;
  /** Takes what brings the layers up to date, before anything of them changes. */
  readonly started: (memory: OnlineMemory) => void;
}

/** @throws UserError (usage) for samples that do not fit, before anything has changed. */
export function* trainingOnline(training: Training): Steps<TrainingState> {
  const { layers, data, settings, steps, startedMs, started } = training;
  const { iterations, errorThresh, log, logPeriod, callback, callbackPeriod, timeout } = settings;
  const kind = kindOf(layers, settings);
  const memory = new OnlineMemory(kind, layers, data.length, onlineSettings(settings), steps);
  yield null;
  yield* filling(memory, training);
  const kernels = onlineKernels(kind, memory.memory);
  started(memory);
  const state: TrainingState = { iterations: 0, error: 1 };
  const chunk = chunkOf(layers, kind);
  const endMs = startedMs + timeout;
  while (state.iterations < iterations && state.error > errorThresh && Date.now() < endMs) {
    const isNew = state.iterations === 0;
    if (data.length <= chunk) {
      const most = Math.min(
        Math.ceil(iterations - state.iterations),
        Math.max(1, Math.floor(chunk / data.length)),
        log === false ? Number.POSITIVE_INFINITY : untilNext(state.iterations, logPeriod),
        callback ? untilNext(state.iterations, callbackPeriod) : Number.POSITIVE_INFINITY,
      );
      state.iterations += kernels.passes(memory.net, data.length, most, errorThresh, isNew);
      state.error = memory.error;
    } else {
      let sum = 0;
      for (let first = 0; first < data.length; first += chunk) {
        sum += kernels.train(memory.net, first, Math.min(first + chunk, data.length), isNew);
        yield null;
      }
      state.iterations++;
      state.error = sum / data.length;
    }
    if (log !== false && state.iterations % logPeriod === 0) report(log, state);
    if (callback && state.iterations % callbackPeriod === 0) callback({ ...state });
    yield null;
  }
  return state;
}

function report(log: Exclude<TrainSettings['log'], false>, state: TrainingState): void {
  if (log === true) console.log(`iterations: ${state.iterations}, training error: ${state.error}`);
  else log({ ...state });
}

/** Periods need not be whole numbers: only a pass of which they are a divisor reports. */
const untilNext = (done: number, period: number): number =>
  Number.isInteger(period) ? period - (done % period) : 1;

/** Samples whose training takes about half a millisecond; of the wide kernel whole blocks, if they do not take longer. */
function chunkOf(layers: readonly OnlineLayer[], kind: OnlineKind): number {
  const units = layers.reduce((sum, { outputs }) => sum + outputs, 0);
  if (kind === 'exact') return Math.max(1, Math.floor(250_000 / (weightCount(layers) + 10 * units)));
  const samples = Math.max(1, Math.floor(5_000_000 / weightCount(layers)));
  return samples < blockSize ? samples : samples - (samples % blockSize);
}

const onlineSettings = (settings: TrainSettings): OnlineSettings => {
  const { activation, leakyReluAlpha, learningRate, momentum, praxis, beta1, beta2, epsilon } = settings;
  const adam = praxis === 'adam' ? { beta1, beta2, epsilon } : null;
  return { activation, leakyReluAlpha, learningRate, momentum, adam };
};

function* filling(memory: OnlineMemory, { data, sides, settings }: Training): Steps<void> {
  const { input, output } = sides;
  const { inputs, targets, inputStride, targetStride } = memory;
  const keys = [...(output.lookup?.keys() ?? [])];
  const rows = Math.max(1, Math.floor(rowsAStep(input.width + output.width) / 8));
  for (let i = 0; i < data.length; i++) {
    encodeSample(data, i, input, inputs, i * inputStride);
    encodeSample(data, i, output, targets, i * targetStride);
    const row = targets.subarray(i * targetStride, i * targetStride + output.width);
    checkReachable(row, settings.activation, `data[${i}].output`, (k) =>
      output.lookup === null ? `[${k}]` : nameOf(keys[k]),
    );
    if (i % rows === rows - 1) yield null;
  }
}
