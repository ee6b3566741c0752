/** One training run over an open session: epochs, learning rates, evaluations, stopping. */
import type { Config } from '../config/schema.js';
import { Rng, Stream } from '../data/rng.js';
import { initialTensors } from '../model/initialise.js';
import type { Tensor } from '../model/safetensors.js';
import { learningRate } from '../optim/schedule.js';
import { orderOf } from './epoch-order.js';
import type { Session } from './session.js';
import { nonFiniteLoss } from './session-errors.js';
import { type StopReason, StopRule } from './stopping.js';
import type { Evaluation, StepMetrics } from './work.js';

/** Where a run is: step and epoch count from 1, `elapsedMs` is the resident clock. */
export interface Position {
  readonly step: number;
  readonly epoch: number;
  readonly elapsedMs: number;
}

/** What a run tells while it goes on. */
export interface RunObserver {
  step?(position: Position, metrics: StepMetrics, learningRate: number): void;
  evaluation?(position: Position, evaluation: Evaluation): void;
  epoch?(position: Position, meanLoss: number, evaluation: Evaluation | null): void;
  /** The run was interrupted or has failed: what it had done by then, before the error is thrown. */
  stopped?(sofar: UnfinishedOutcome): void;
  /** The order of an epoch was drawn, the run's subset with the first: from and to by `performance.now()`. */
  ordered?(from: number, to: number): void;
  /** Every few milliseconds. */
  tick?(position: Position): void;
}

export interface RunOutcome {
  readonly reason: StopReason;
  /** Of the last evaluation; null when the run was asked not to evaluate. */
  readonly evaluation: Evaluation | null;
  readonly epochs: number;
  readonly steps: number;
  readonly images: number;
  readonly trainMs: number;
  readonly evaluateMs: number;
  /** Within trainMs: making the training images' direction features and fitting their transform. */
  readonly featuresMs: number;
  /** Orders drawn + training + evaluations. */
  readonly residentMs: number;
}

export type UnfinishedOutcome = Omit<RunOutcome, 'reason'>;

/** Geometry of a run, from the configuration and the size of the training part. */
export function runLength(config: Config, trainImages: number) {
  const { batch, epochs, steps, dropLast } = config.train;
  const images = config.data.take ?? trainImages;
  const stepsPerEpoch = dropLast ? Math.floor(images / batch) : Math.ceil(images / batch);
  const totalSteps = Math.min(epochs * stepsPerEpoch, steps ?? Number.POSITIVE_INFINITY);
  return { images, stepsPerEpoch, totalSteps };
}

/** Parameters at the start of a run: from the seed unless a file was given. */
export function startParameters(
  session: Session,
  config: Config,
  seed: number,
  fromFile: ReadonlyMap<string, Tensor> | null,
): void {
  const { kind, file, prefix } = config.model.init;
  if (fromFile !== null) {
    session.setParameters(fromFile, file ?? 'model.init.file', prefix);
    return;
  }
  const { features } = session.plan.input;
  const sizes = [features, ...config.model.hidden, session.plan.classes];
  session.setParameters(
    initialTensors(sizes, kind, new Rng(seed, Stream.weights)),
    `model.init.kind=${kind}`,
  );
}

/**
 * Trains from the session's present parameters. The resident clock starts here: images are in memory, workers
 * are warm, parameters are drawn.
 * @throws as Session.steps does.
 */
export async function trainOnce(
  session: Session,
  config: Config,
  seed: number,
  observer: RunObserver,
  evaluates = true,
): Promise<RunOutcome> {
  const { images, stepsPerEpoch, totalSteps } = runLength(config, session.plan.parts.train.count);
  const { batch } = config.train;
  const rule = new StopRule(config.stop);
  const startedNow = performance.now();
  const startedAt = performance.timeOrigin + startedNow;
  const elapsed = () => performance.timeOrigin + performance.now() - startedAt;
  const epochOrder = orderOf(session, config, seed, images);
  let evaluateMs = 0;
  let featuresMs = 0;
  let step = 0;
  let epoch = 0;
  let evaluation: Evaluation | null = null;
  let reason: StopReason | null = null;
  const soFar = (): UnfinishedOutcome => {
    const residentMs = elapsed();
    return {
      evaluation,
      epochs: epoch,
      steps: step,
      images: imagesOf(step, stepsPerEpoch, batch, images),
      trainMs: residentMs - evaluateMs,
      evaluateMs,
      featuresMs,
      residentMs,
    };
  };
  try {
    while (reason === null) {
      if (step % stepsPerEpoch === 0) {
        const drawingFrom = epoch === 0 ? startedNow : performance.now();
        epochOrder(epoch++);
        observer.ordered?.(drawingFrom, performance.now());
      }
      const epochEnd = Math.min(epoch * stepsPerEpoch, totalSteps);
      let lossSum = 0;
      let evaluatedAt = -1;
      const epochStart = step;
      while (step < epochEnd && reason === null) {
        const evaluateAt = config.stop.every === 'epoch' ? epochEnd : nextMultiple(step, config.stop.every);
        const end = Math.min(epochEnd, evaluateAt, step + session.plan.ringSteps);
        const rates = Array.from({ length: end - step }, (_, i) =>
          learningRate(config.schedule, config.optimizer.lr, step + i, totalSteps, stepsPerEpoch),
        );
        const firstSample = (step - (epoch - 1) * stepsPerEpoch) * batch;
        const tell = (metrics: readonly StepMetrics[]) =>
          metrics.forEach((each, i) => {
            lossSum += each.loss;
            const elapsedMs = each.finishedAt - startedAt;
            step++;
            observer.step?.({ step, epoch, elapsedMs }, each, rates[i]);
          });
        const evaluatesNow = evaluates && (end === evaluateAt || end === totalSteps);
        const extract = session.plan.directions !== null && step === 0;
        const sentAt = elapsed();
        const work = {
          first: step,
          rates,
          firstSample,
          epochSamples: images,
          extract,
          evaluate: evaluatesNow ? config.stop.on : null,
        };
        const done = await session
          .run(work, (reached) => observer.tick?.({ step: reached, epoch, elapsedMs: elapsed() }))
          .catch((error: unknown) => {
            tell(session.finishedSteps(work));
            throw error;
          });
        tell(done.metrics);
        if (extract) featuresMs = session.extractedAt - startedAt - sentAt;
        if (done.evaluation !== null) {
          evaluateMs += elapsed() - ((done.metrics.at(-1)?.finishedAt ?? startedAt) - startedAt);
          evaluation = done.evaluation;
          // The last update may have diverged after its step's loss was still finite.
          if (!Number.isFinite(evaluation.loss)) throw nonFiniteLoss(step);
          evaluatedAt = step;
          observer.evaluation?.({ step, epoch, elapsedMs: elapsed() }, evaluation);
          reason = rule.judge(evaluation.accuracy);
        }
      }
      observer.epoch?.(
        { step, epoch, elapsedMs: elapsed() },
        lossSum / (step - epochStart),
        evaluatedAt === step ? evaluation : null,
      );
      if (reason === null && step >= totalSteps)
        reason = step === epoch * stepsPerEpoch && epoch === config.train.epochs ? 'epochs' : 'steps';
    }
  } catch (error) {
    observer.stopped?.(soFar());
    throw error;
  }
  return { ...soFar(), reason };
}

const nextMultiple = (step: number, every: number) => (Math.floor(step / every) + 1) * every;

/** Images seen in `steps` steps; the last batch of an epoch may be partial. */
export function imagesOf(steps: number, stepsPerEpoch: number, batch: number, images: number): number {
  const epochs = Math.floor(steps / stepsPerEpoch);
  const perEpoch = Math.min(images, stepsPerEpoch * batch);
  return epochs * perEpoch + Math.min((steps - epochs * stepsPerEpoch) * batch, perEpoch);
}
