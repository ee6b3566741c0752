/** The one loop of every run over an open session: next work, the session's answer, the next state, the judgement, reports. */
import { estimateOf, type NoiseEstimate } from '../optim/noise-scale.js';
import { addToTail, isInTail, writeAverage } from '../optim/tail-average.js';
import { imagesOf } from '../plan/run-length.js';
import { nonFiniteLoss } from '../worker/session-errors.js';
import { betterOf } from './best-weights.js';
import { type Course, nextWork } from './next-work.js';
import type { Session } from './session.js';
import { epochBegun, evaluationDone, type FinalWeights, stepsDone, type TrainingState } from './state.js';
import type { Done, Evaluation, StepMetrics, Work } from './work.js';

/** Where a run is: step and epoch count from 1, `elapsedMs` is the resident clock. */
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
  /** The run was interrupted or has failed: what it had done by then, before the error is thrown. */
  stopped(sofar: UnfinishedOutcome): void;
  /** The order of an epoch was drawn, the run's subset with the first: from and to by `performance.now()`. */
  ordered(from: number, to: number): void;
  /** Every few milliseconds. */
  tick(position: Position): void;
}

/** Takes every report and does nothing: to be spread under an observer of some of them. */
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
  /** Of the last evaluation; null when the run was asked not to evaluate. */
  readonly evaluation: Evaluation | null;
  /** The weights that the run ended with, which `evaluation` is of, and their step. */
  readonly weights: FinalWeights;
  /** Training losses: of the first step, and the mean over the last epoch's steps; null before the first. */
  readonly firstLoss: number | null;
  readonly epochLoss: number | null;
  readonly epochs: number;
  readonly steps: number;
  readonly images: number;
  /** Images that were trained on: all that were seen, unless train.selective chooses among them. */
  readonly backwardImages: number;
  /** At the end, if log.noiseScale asks for it. */
  readonly noiseScale: NoiseEstimate | null;
  readonly trainMs: number;
  readonly evaluateMs: number;
  /** Within trainMs: making the training images' direction features and fitting their transform. */
  readonly featuresMs: number;
  /** Orders drawn + training + evaluations. */
  readonly residentMs: number;
}

/**
 * Follows a course from a state on; the session has the state's parameters. The resident clock starts here.
 * Returns the last state and why it is the last; null: all steps are done.
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
      const running = session.run(work, (step) => report.tick(here(step)));
      const done = await running.catch((error: unknown) => {
        takeSteps(session.finishedSteps(work));
        throw error;
      });
      takeSteps(done.metrics);
      reportNoise(report, here(), state);
      if (work.extract) state = { ...state, featuresMs: session.extractedAt - clock.startedAt - sentMs };
      state = withTail(session, course, state);
      const evaluation = await evaluationOf(session, course, state, done);
      if (evaluation !== null) {
        state = withEvaluation(session, course, state, evaluation, clock.since(done.metrics.at(-1)));
        // The last update may have diverged after its step's loss was still finite.
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

/** The resident clock: images are in memory, workers are warm, parameters are drawn. `beforeMs`: of a run that goes on. */
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

/** Of the present epoch's steps so far. */
const meanLoss = ({ lossSum, step, epoch }: TrainingState, stepsPerEpoch: number) =>
  lossSum / (step - (epoch - 1) * stepsPerEpoch);

/** Adds the present weights to the tail if it wants them; after the last step they are replaced by its average. */
function withTail(session: Session, { tail, length }: Course<string>, state: TrainingState): TrainingState {
  const { step } = state;
  if (tail === null || !isInTail(tail, step)) return state;
  const added = addToTail(state.tail, session.vector);
  if (step < length.totalSteps) return { ...state, tail: added };
  writeAverage(added, session.vector);
  session.refresh();
  return { ...state, tail: added, weights: { of: 'tail average', step } };
}

/** The command's, or that of the tail's average, which the workers had not yet seen. */
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

/** Puts the best weights back, unless they are the last ones. */
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
