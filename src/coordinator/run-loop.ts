/**
 * The single loop of every run over an open session: next work, the session's answer, the next state, the judgement,
 * reports.
 */
import { taskOf } from '../metrics/metric.js';
import { estimateOf, type NoiseEstimate } from '../optim/noise-scale.js';
import { addToTail, isInTail, writeAverage } from '../optim/tail-average.js';
import { imagesOf } from '../plan/run-length.js';
import { nonFiniteLoss, nonFiniteWeights, type WorkerFailure } from '../worker/session-errors.js';
import { betterOf } from './best-weights.js';
import type { Checkpoint } from './checkpoint.js';
import { type Course, nextWork, placeAfter } from './next-work.js';
import type { Session } from './session.js';
import {
  epochBegun,
  evaluationDone,
  type FinalWeights,
  type LastStep,
  stepsDone,
  type TrainingState,
} from './state.js';
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
  /** The run was interrupted or has failed: the work done by then, and its state, before the error is thrown. */
  stopped(sofar: UnfinishedOutcome, state: TrainingState): void;
  /** After a command and all that follows from it, unless the run is over: the session waits for the next one. */
  between(state: TrainingState): void;
  /** The most steps of the next command, for an observer that has to see the state by then; it changes no bit. */
  atMost(position: Position): number;
  /** A worker was lost, and the run goes on from an earlier step; later reports are of steps not reported before. */
  lost(position: Position, failure: WorkerFailure): void;
  /**
   * The run has ended in the middle of a step, perhaps: a worker was lost, or an interruption did not wait for it. The last copy of
   * a whole step; if absent, no copies are made for it. Called before `stopped`.
   */
  readonly failed?: (kept: Checkpoint) => void;
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
  between() {},
  atMost: () => Number.POSITIVE_INFINITY,
  lost() {},
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
    if (start.pending !== null) reportPending(report, start, start.pending);
    for (let isFirst = true; ; isFirst = false) {
      // An interruption may leave an epoch that has begun without a step.
      if (state.pending === null && state.step === state.epoch * stepsPerEpoch) {
        const from = state === start ? clock.startedNow : performance.now();
        drawOrder(state.epoch);
        state = epochBegun(state);
        report.ordered(from, performance.now());
      }
      const work = nextWork(state, course, isFirst, report.atMost(here()));
      const sentMs = clock.elapsed();
      const takeSteps = (metrics: readonly StepMetrics[]) => {
        reportSteps(report, state, metrics, work, clock.startedAt);
        state = stepsDone(state, metrics, course.noise);
      };
      const answer = session.run(work, (step) => report.tick(here(step)));
      const done = await answer.catch((error: unknown) => {
        const metrics = session.finishedSteps(work);
        takeSteps(metrics);
        state = withPending(state, course, metrics, work, clock.startedAt);
        throw error;
      });
      takeSteps(done.metrics);
      state = withPending(state, course, done.metrics, work, clock.startedAt);
      if (state.pending !== null) reportNoise(report, here(), state);
      if (work.extract)
        state = { ...state, featuresMs: state.featuresMs + session.extractedAt - clock.startedAt - sentMs };
      state = withTail(session, course, state);
      const isEpochEnd = state.step % stepsPerEpoch === 0 || state.step >= totalSteps;
      const running =
        course.reportsTraining && isEpochEnd ? runningEvaluation(session, state, stepsPerEpoch) : null;
      const evaluation = running ?? (await evaluationOf(session, course, state, done));
      if (running !== null) {
        state = evaluationDone(state, running, 0);
        report.evaluation(here(), running);
      } else if (evaluation !== null) {
        const last = done.metrics.at(-1);
        const evaluateMs =
          clock.elapsed() - (last === undefined ? sentMs : last.finishedAt - clock.startedAt);
        state = withEvaluation(session, course, state, evaluation, evaluateMs);
        // The last update may have diverged although its step's loss was still finite.
        if (!Number.isFinite(evaluation.loss)) throw nonFiniteLoss(state.step);
        report.evaluation(here(), evaluation);
      }
      const { state: judged, reason } = course.judge(
        { ...state, pending: null, elapsedMs: clock.elapsed() },
        evaluation,
      );
      state = judged;
      const isOver = reason !== null || state.step >= totalSteps;
      if (isOver || state.step % stepsPerEpoch === 0) reportEpoch(report, here(), state, stepsPerEpoch);
      if (isOver) {
        state = { ...withBest(session, course, state), elapsedMs: clock.elapsed() };
        if (!allFinite(session.vector)) throw nonFiniteWeights(state.step);
        return { state, reason };
      }
      report.between({ ...state, elapsedMs: clock.elapsed() });
    }
  } catch (error) {
    const stopped = { ...state, elapsedMs: clock.elapsed() };
    report.stopped(outcomeOf(stopped, course), stopped);
    throw error;
  }
}

/** The rows of a log that was cut before the step get it again, and what follows from it. */
function reportPending(
  report: RunObserver,
  { step, epoch }: TrainingState,
  { elapsedMs, metrics, learningRate }: LastStep,
): void {
  report.step({ step, epoch, elapsedMs }, metrics, learningRate);
}

/** After some steps of a command: something follows from the last one if it is at a place of the course. */
function withPending(
  state: TrainingState,
  course: Course<string>,
  metrics: readonly StepMetrics[],
  { rates }: Work,
  startedAt: number,
): TrainingState {
  const last = metrics.at(-1);
  if (last === undefined || placeAfter(state.step - 1, state.epoch, course) !== state.step) return state;
  const learningRate = rates[metrics.length - 1];
  return { ...state, pending: { elapsedMs: last.finishedAt - startedAt, metrics: last, learningRate } };
}

/** A loop: `every` takes ten times as long. */
function allFinite(weights: Float32Array): boolean {
  for (let i = 0; i < weights.length; i++) if (!Number.isFinite(weights[i])) return false;
  return true;
}

/**
 * The resident clock: images are in memory, workers are warm, parameters are drawn. `beforeMs`: the earlier time of a
 * run that resumes.
 */
function startClock(beforeMs: number) {
  const startedNow = performance.now();
  const startedAt = performance.timeOrigin + startedNow - beforeMs;
  const elapsed = () => performance.timeOrigin + performance.now() - startedAt;
  return { startedNow, startedAt, elapsed };
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
const runningEvaluation = ({ plan }: Session, state: TrainingState, stepsPerEpoch: number): Evaluation => ({
  accuracy: taskOf(plan.target, plan.loss) === 'regression' ? null : state.correct / state.seen,
  loss: meanLoss(state, stepsPerEpoch),
});

/** Adds the present weights to the tail if they are due; after the last step, the tail's average replaces them. */
function withTail(session: Session, { tail, length }: Course<string>, state: TrainingState): TrainingState {
  const { step } = state;
  if (tail === null || !isInTail(tail, step) || state.tailStep === step) return state;
  const added = addToTail(state.tail, session.vector);
  if (step < length.totalSteps) return { ...state, tail: added, tailStep: step };
  writeAverage(added, session.vector);
  session.refresh();
  return { ...state, tail: added, tailStep: step, weights: { of: 'tail average', step } };
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
  { keepsBest, metric }: Course<string>,
  state: TrainingState,
  evaluation: Evaluation,
  evaluateMs: number,
): TrainingState {
  const best = keepsBest ? betterOf(state.best, state.step, evaluation, vector, metric) : null;
  return { ...evaluationDone(state, evaluation, evaluateMs), best };
}

/** Restores the best weights, unless they are the last ones or those are as good. */
function withBest(session: Session, course: Course<string>, state: TrainingState): TrainingState {
  const { best, step, evaluation, evaluatedAt } = state;
  if (best === null || best.step === step) return state;
  const isLast = step === course.length.totalSteps && evaluatedAt === step;
  if (isLast && evaluation !== null && !course.isClearlyBest(best.evaluation, evaluation)) return state;
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
