/** One training run over an open session: epochs, learning rates, evaluations, stopping. */
import type { Config } from '../config/schema.js';
import { initialTensors } from '../model/initialise.js';
import type { Tensor } from '../model/safetensors.js';
import { Rng, Stream } from '../numbers/rng.js';
import { peakRate } from '../optim/batch-scaling.js';
import { type NoiseEstimate, NoiseScale } from '../optim/noise-scale.js';
import { learningRate } from '../optim/schedule.js';
import { tailAverageOf } from '../optim/tail-average.js';
import { imagesOf, runLength } from '../plan/run-length.js';
import { shardSizes } from '../plan/shards.js';
import { nonFiniteLoss } from '../worker/session-errors.js';
import { BestWeights } from './best-weights.js';
import { orderOf } from './epoch-order.js';
import type { Session } from './session.js';
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
  /** After every evaluation and epoch, where log.noiseScale asks for it. */
  noiseScale?(position: Position, estimate: NoiseEstimate): void;
  /** The run was interrupted or has failed: what it had done by then, before the error is thrown. */
  stopped?(sofar: UnfinishedOutcome): void;
  /** The order of an epoch was drawn, the run's subset with the first: from and to by `performance.now()`. */
  ordered?(from: number, to: number): void;
  /** Every few milliseconds. */
  tick?(position: Position): void;
}

export interface FinalWeights {
  readonly of: 'last step' | 'tail average' | 'best evaluation';
  readonly step: number;
}

export interface RunOutcome {
  readonly reason: StopReason;
  /** Of the last evaluation; null when the run was asked not to evaluate. */
  readonly evaluation: Evaluation | null;
  /** The weights that the run ended with, which `evaluation` is of, and their step. */
  readonly weights: FinalWeights;
  readonly epochs: number;
  readonly steps: number;
  readonly images: number;
  /** Images that were trained on: all that were seen, but where train.selective chooses among them. */
  readonly backwardImages: number;
  /** At the end, where log.noiseScale asks for it. */
  readonly noiseScale: NoiseEstimate | null;
  readonly trainMs: number;
  readonly evaluateMs: number;
  /** Within trainMs: making the training images' direction features and fitting their transform. */
  readonly featuresMs: number;
  /** Orders drawn + training + evaluations. */
  readonly residentMs: number;
}

export type UnfinishedOutcome = Omit<RunOutcome, 'reason'>;

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
  const peak = peakRate(config.optimizer, batch);
  const rule = new StopRule(config.stop);
  const tail = tailAverageOf(config.train, totalSteps);
  const best = config.stop.restoreBest ? new BestWeights(session) : null;
  const startedNow = performance.now();
  const startedAt = performance.timeOrigin + startedNow;
  const elapsed = () => performance.timeOrigin + performance.now() - startedAt;
  const epochOrder = orderOf(session, config, seed, images);
  let evaluateMs = 0;
  let featuresMs = 0;
  let step = 0;
  let epoch = 0;
  let backwardImages = 0;
  const noise = session.plan.noise === null ? null : new NoiseScale(shardSizes(batch, session.plan.threads));
  let evaluation: Evaluation | null = null;
  let weights: FinalWeights | null = null;
  let reason: StopReason | null = null;
  const soFar = (): UnfinishedOutcome => {
    const residentMs = elapsed();
    return {
      evaluation,
      weights: weights ?? { of: 'last step', step },
      epochs: epoch,
      steps: step,
      images: imagesOf(step, stepsPerEpoch, batch, images),
      backwardImages,
      noiseScale: noise?.estimate() ?? null,
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
        const averageAt = tail?.next(step) ?? epochEnd;
        const end = Math.min(epochEnd, evaluateAt, averageAt, step + session.plan.ringSteps);
        const rates = Array.from({ length: end - step }, (_, i) =>
          learningRate(config.schedule, peak, step + i, totalSteps, stepsPerEpoch),
        );
        const firstSample = (step - (epoch - 1) * stepsPerEpoch) * batch;
        const tell = (metrics: readonly StepMetrics[]) =>
          metrics.forEach((each, i) => {
            lossSum += each.loss;
            backwardImages += each.trainedImages;
            if (each.squares !== null) noise?.add(each.squares.small, each.squares.big);
            const elapsedMs = each.finishedAt - startedAt;
            step++;
            observer.step?.({ step, epoch, elapsedMs }, each, rates[i]);
          });
        const isLast = end === totalSteps;
        const evaluatesNow = evaluates && (isLast ? tail === null : end === evaluateAt);
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
        const noiseEstimate = noise?.estimate() ?? null;
        if (noiseEstimate !== null)
          observer.noiseScale?.({ step, epoch, elapsedMs: elapsed() }, noiseEstimate);
        if (extract) featuresMs = session.extractedAt - startedAt - sentAt;
        let evaluated = done.evaluation;
        if (tail?.wants(step)) tail.add(session.vector);
        if (tail !== null && isLast) {
          tail.writeTo(session.vector);
          session.refresh();
          weights = { of: 'tail average', step };
          if (evaluates) evaluated = await session.evaluate(config.stop.on);
        }
        if (evaluated !== null) {
          evaluateMs += elapsed() - ((done.metrics.at(-1)?.finishedAt ?? startedAt) - startedAt);
          evaluation = evaluated;
          best?.judge(step, evaluation);
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
    const restored = best?.restore(step) ?? null;
    if (restored !== null) {
      evaluation = restored.evaluation;
      weights = { of: 'best evaluation', step: restored.step };
    }
  } catch (error) {
    observer.stopped?.(soFar());
    throw error;
  }
  return { ...soFar(), reason };
}

const nextMultiple = (step: number, every: number) => (Math.floor(step / every) + 1) * every;
