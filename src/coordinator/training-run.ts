/** A training run over an open session: its start, and the course that a configuration describes. */
import type { Config } from '../config/schema.js';
import { metricOf } from '../metrics/metric.js';
import { initialShortcut } from '../model/layers/shortcut.js';
import { denseNetwork, drawingTensors } from '../model/network.js';
import type { Tensor } from '../model/safetensors.js';
import { Rng, Stream } from '../numbers/rng.js';
import { atOnce, type Steps } from '../numbers/steps.js';
import { peakRate } from '../optim/batch-scaling.js';
import { noiseSizes } from '../optim/noise-scale.js';
import { learningRate } from '../optim/schedule.js';
import { configuredTail } from '../optim/tail-average.js';
import { runLength } from '../plan/run-length.js';
import { shardSizes } from '../plan/shards.js';
import { judge, type StopReason } from '../plan/stopping.js';
import { UserError } from '../user-error.js';
import { isClearlyBest } from './best-weights.js';
import { orderOf } from './epoch-order.js';
import type { Course } from './next-work.js';
import { followWithCopies } from './recovery.js';
import { outcomeOf, type RunObserver, type UnfinishedOutcome } from './run-loop.js';
import type { Session } from './session.js';
import { initialState } from './state.js';
import { measured } from './work.js';

export { type Position, type RunObserver, silent, type UnfinishedOutcome } from './run-loop.js';
export type { FinalWeights } from './state.js';

export interface RunOutcome extends UnfinishedOutcome {
  readonly reason: StopReason;
}

/** As settingParameters, without a pause. */
export const startParameters = (...given: Parameters<typeof settingParameters>): void =>
  atOnce(settingParameters(...given));

/** Sets the parameters at the start of a run: from the seed, unless a file is configured. */
export function* settingParameters(
  session: Session,
  config: Config,
  seed: number,
  fromFile: ReadonlyMap<string, Tensor> | null,
): Steps<void> {
  const { kind, file, prefix } = config.model.init;
  if (fromFile !== null) {
    session.setParameters(fromFile, file ?? 'model.init.file', prefix);
    return;
  }
  const { input, outputs, shortcut } = session.plan;
  const network = denseNetwork([input.features, ...config.model.hidden, outputs]);
  const layers = yield* drawingTensors(network, kind, new Rng(seed, Stream.weights));
  const beside = shortcut === null ? [] : initialShortcut(shortcut.inputs, shortcut.outputs);
  const tensors = new Map([...layers, ...beside]);
  session.setParameters(tensors, `model.init.kind=${kind}`);
}

/** The settings of a run in a configuration. `isOver`: asked after each evaluation, whether the run is to end there. */
export function trainingCourse(
  session: Session,
  config: Config,
  seed: number,
  evaluates = true,
  isOver = () => false,
): Course<'target' | 'patience' | 'time'> {
  const { plan } = session;
  const { train, schedule, stop } = config;
  const length = runLength(config, plan.parts.train.count);
  const { images, stepsPerEpoch, totalSteps } = length;
  const metric = metricOf(plan.metric);
  const peak = peakRate(config.optimizer, train.batch);
  return {
    length,
    batch: train.batch,
    rate: (step) => learningRate(schedule, peak, step, totalSteps, stepsPerEpoch),
    order: (begun) => orderOf(session, config, seed, images, begun),
    atOnce: plan.ringSteps,
    every: stop.every,
    evaluates: evaluates && stop.on !== 'train' ? stop.on : null,
    reportsTraining: evaluates && stop.on === 'train',
    makesFeatures: plan.directions !== null,
    tail: configuredTail(train, totalSteps),
    keepsBest: stop.restoreBest,
    isClearlyBest: (best, last) => {
      const samples = plan.parts[stop.on].count;
      return isClearlyBest(best, last, metric, stop.bestMargin, samples);
    },
    metric,
    noise: plan.noise === null ? null : noiseSizes(shardSizes(train.batch, plan.threads)),
    judge(state, evaluation) {
      if (evaluation === null) return { state, reason: null };
      const value = measured(evaluation, metric.name);
      // The sums of training batches have no other metric.
      if (value === null && stop.on !== 'train')
        throw UserError.refusal(
          'stop.metric',
          `a metric that is defined on the ${stop.on} samples`,
          metric.name,
        );
      if (value === null) return { state, reason: null };
      const { state: next, reason } = judge(state.stop, stop, value, metric);
      return { state: { ...state, stop: next }, reason: reason ?? (isOver() ? 'time' : null) };
    },
  };
}

/**
 * Trains from the session's present parameters, and goes on from `start` if it is not the beginning. The resident clock
 * starts here: images are in memory, workers are warm, parameters are drawn.
 * @throws as Session.run does.
 */
export async function trainOnce(
  session: Session,
  config: Config,
  seed: number,
  observer: Partial<RunObserver>,
  evaluates = true,
  start = initialState(seed),
  isOver = () => false,
): Promise<RunOutcome> {
  const course = trainingCourse(session, config, seed, evaluates, isOver);
  const continues = config.parallel.onWorkerLoss === 'continue' && session.plan.profile === null;
  const { state, reason } = await followWithCopies(session, course, start, observer, continues);
  const { stepsPerEpoch } = course.length;
  const { epochs } = config.train;
  const isWhole = state.step === state.epoch * stepsPerEpoch && state.epoch === epochs;
  return { ...outcomeOf(state, course), reason: reason ?? (isWhole ? 'epochs' : 'steps') };
}
