/**
 * The single loop of every run over an open session: next work, the session's answer, the next state, the judgement,
 * reports.
 */
import { estimateOf, type NoiseEstimate } from '../optim/noise-scale.js';
import { addToTail, isInTail, writeAverage } from '../optim/tail-average.js';
import { imagesOf } from '../plan/run-length.js';
import { nonFiniteLoss } from '../worker/session-errors.js';
import { betterOf } from './best-weights.js';
import { type Course, nextWork } from './next-work.js';
import type { Session } from './session.js';
import { epochBegun, evaluationDone, type FinalWeights, stepsDone, type TrainingState } from './state.js';
import type { Done, Evaluation, StepMetrics, Work } from './work.js';

/** Position of a run: step and epoch count from 1, `elapsedMs` is the resident clock. */
export interface Position {
  readonly step: number;
  readonly epoch: number;
  readonly elapsedMs: number;
}

/** What a run reports while it goes on. */
export interface RunObserver {
  step(position: Position, metrics: StepMetrics, learningRate: number): void;
  evaluation(position: Position, evaluation: Evaluation): void;
  epoch(position: Position, meanLoss: number, evaluation: Evaluation | null): void;
  /** After every command with steps, if log.noiseScale asks for it. */
  noiseScale(position: Position, estimate: NoiseEstimate): void;
  /** The run was interrupted or has failed: the work done by then, before the error is thrown. */
  stopped(sofar: UnfinishedOutcome): void;
  /** The order of an epoch was drawn, in the first epoch with the run's subset: from and to by `performance.now()`. */
  ordered(from: number, to: number): void;
  /** Every few milliseconds. */
  tick(position: Position): void;
}

/** Accepts every report and does nothing: spread it under an observer of some reports. */
export const silent: RunObserver = {
  step() {},
  evaluation() {},
  epoch() {},
  noiseScale() {},
  stopped() {},
  ordered() {},
  tick() {},
};

export interface UnfinishedOutcome {
  /** The last evaluation; null if the run was not to evaluate. */
  readonly evaluation: Evaluation | null;
  /** The weights with which the run ended, their step, and `evaluation` of them. */
  readonly weights: FinalWeights;
  /** Training losses: of the first step, and the mean over the last epoch's steps; null before the first step. */
  readonly firstLoss: number | null;
  readonly epochLoss: number | null;
  readonly epochs: number;
  readonly steps: number;
  readonly images: number;
  /** Number of images trained on: all that were seen, unless train.selective selects among them. */
  readonly backwardImages: number;
  /** At the end, if log.noiseScale asks for it. */
  readonly noiseScale: NoiseEstimate | null;
  readonly trainMs: number;
  readonly evaluateMs: number;
  /** Part of trainMs: making the training images' direction features and fitting their transform. */
  readonly featuresMs: number;
  /** Sum of drawing orders, training and evaluations. */
  readonly residentMs: number;
}

/**
 * Follows a course from a state; the session already has the state's parameters. The resident clock starts here.
 * Returns the last state and why the run ended; null: all steps are done.
 * @throws as Session.run does.
 */
export async function follow<Reason extends string>(
  session: Session,
  course: Course<Reason>,
  start: TrainingState,
  observer: Partial<RunObserver>,
): Promise<{ readonly state: TrainingState; readonly reason: Reason | null }> {
  const report: RunObserver = { ...silent, ...observer };
  const { stepsPerEpoch, totalSteps } = course.length;
  const clock = startClock(start.elapsedMs);
  const drawOrder = course.order(start.epoch);
  let state = start;
  const here = (step = state.step): Position => ({ step, epoch: state.epoch, elapsedMs: clock.elapsed() });
  try {
    for (;;) {
      if (state.step % stepsPerEpoch === 0) {
        const from = state === start ? clock.startedNow : performance.now();
        drawOrder(state.epoch);
        state = epochBegun(state);
        report.ordered(from, performance.now());
      }
      const work = nextWork(state, course);
      const sentMs = clock.elapsed();
      const takeSteps = (metrics: readonly StepMetrics[]) => {
        reportSteps(report, state, metrics, work, clock.startedAt);
        state = stepsDone(state, metrics, course.noise);
      };
      const answer = session.run(work, (step) => report.tick(here(step)));
      const done = await answer.catch((error: unknown) => {
        takeSteps(session.finishedSteps(work));
        throw error;
      });
      takeSteps(done.metrics);
      reportNoise(report, here(), state);
      if (work.extract) state = { ...state, featuresMs: session.extractedAt - clock.startedAt - sentMs };
      state = withTail(session, course, state);
      const isEpochEnd = state.step % stepsPerEpoch === 0 || state.step >= totalSteps;
      const running = course.reportsTraining && isEpochEnd ? runningEvaluation(state, stepsPerEpoch) : null;
      const evaluation = running ?? (await evaluationOf(session, course, state, done));
      if (running !== null) {
        state = evaluationDone(state, running, 0);
        report.evaluation(here(), running);
      } else if (evaluation !== null) {
        state = withEvaluation(session, course, state, evaluation, clock.since(done.metrics.at(-1)));
        // The last update may have diverged although its step's loss was still finite.
        if (!Number.isFinite(evaluation.loss)) throw nonFiniteLoss(state.step);
        report.evaluation(here(), evaluation);
      }
      const { state: judged, reason } = course.judge({ ...state, elapsedMs: clock.elapsed() }, evaluation);
      state = judged;
      const isOver = reason !== null || state.step >= totalSteps;
      if (isOver || state.step % stepsPerEpoch === 0) reportEpoch(report, here(), state, stepsPerEpoch);
      if (isOver) return { state: { ...withBest(session, state), elapsedMs: clock.elapsed() }, reason };
    }
  } catch (error) {
    report.stopped(outcomeOf({ ...state, elapsedMs: clock.elapsed() }, course));
    throw error;
  }
}

/**
 * The resident clock: images are in memory, workers are warm, parameters are drawn. `beforeMs`: the earlier time of a
 * run that resumes.
 */
function startClock(beforeMs: number) {
  const startedNow = performance.now();
  const startedAt = performance.timeOrigin + startedNow - beforeMs;
  const elapsed = () => performance.timeOrigin + performance.now() - startedAt;
  const since = (last?: StepMetrics) => elapsed() - ((last?.finishedAt ?? startedAt) - startedAt);
  return { startedNow, startedAt, elapsed, since };
}

function reportSteps(
  report: RunObserver,
  { step, epoch }: TrainingState,
  metrics: readonly StepMetrics[],
  { rates }: Work,
  startedAt: number,
): void {
  for (const [i, each] of metrics.entries())
    report.step({ step: step + i + 1, epoch, elapsedMs: each.finishedAt - startedAt }, each, rates[i]);
}

function reportNoise(report: RunObserver, position: Position, { noise }: TrainingState): void {
  const estimate = estimateOf(noise);
  if (estimate !== null) report.noiseScale(position, estimate);
}

function reportEpoch(
  report: RunObserver,
  position: Position,
  state: TrainingState,
  stepsPerEpoch: number,
): void {
  const { evaluatedAt, step, evaluation } = state;
  report.epoch(position, meanLoss(state, stepsPerEpoch), evaluatedAt === step ? evaluation : null);
}

/** Sums over the present epoch's steps so far. */
const meanLoss = ({ lossSum, step, epoch }: TrainingState, stepsPerEpoch: number) =>
  lossSum / (step - (epoch - 1) * stepsPerEpoch);

/** Of the present epoch's batches, each before its step. */
const runningEvaluation = (state: TrainingState, stepsPerEpoch: number): Evaluation => ({
  accuracy: state.correct / state.seen,
  loss: meanLoss(state, stepsPerEpoch),
});

/** Adds the present weights to the tail if they are due; after the last step, the tail's average replaces them. */
function withTail(session: Session, { tail, length }: Course<string>, state: TrainingState): TrainingState {
  const { step } = state;
  if (tail === null || !isInTail(tail, step)) return state;
  const added = addToTail(state.tail, session.vector);
  if (step < length.totalSteps) return { ...state, tail: added };
  writeAverage(added, session.vector);
  session.refresh();
  return { ...state, tail: added, weights: { of: 'tail average', step } };
}

/** The command's evaluation, or that of the tail's average, which no worker has evaluated yet. */
async function evaluationOf(
  session: Session,
  { evaluates }: Course<string>,
  { weights }: TrainingState,
  { evaluation }: Done,
): Promise<Evaluation | null> {
  return weights === null || evaluates === null ? evaluation : session.evaluate(evaluates);
}

function withEvaluation(
  { vector }: Session,
  { keepsBest }: Course<string>,
  state: TrainingState,
  evaluation: Evaluation,
  evaluateMs: number,
): TrainingState {
  const best = keepsBest ? betterOf(state.best, state.step, evaluation, vector) : null;
  return { ...evaluationDone(state, evaluation, evaluateMs), best };
}

/** Restores the best weights, unless they are the last ones. */
function withBest(session: Session, state: TrainingState): TrainingState {
  const { best, step } = state;
  if (best === null || best.step === step) return state;
  session.vector.set(best.weights);
  session.refresh();
  return { ...state, evaluation: best.evaluation, weights: { of: 'best evaluation', step: best.step } };
}

export function outcomeOf(state: TrainingState, { length, batch }: Course<string>): UnfinishedOutcome {
  const { step, elapsedMs, evaluateMs } = state;
  return {
    evaluation: state.evaluation,
    weights: state.weights ?? { of: 'last step', step },
    firstLoss: state.firstLoss,
    epochLoss: step === 0 ? null : meanLoss(state, length.stepsPerEpoch),
    epochs: state.epoch,
    steps: step,
    images: imagesOf(step, length.stepsPerEpoch, batch, length.images),
    backwardImages: state.trained,
    noiseScale: estimateOf(state.noise),
    trainMs: elapsedMs - evaluateMs,
    evaluateMs,
    featuresMs: state.featuresMs,
    residentMs: elapsedMs,
  };
}
