/**
 * Learning-rate range test (Smith 2017, "Cyclical learning rates for training neural networks"): the loss of each batch
 * while the rate rises exponentially, and the rate that it suggests.
 */
import type { Config } from '../config/schema.js';
import { orderOf } from '../coordinator/epoch-order.js';
import type { Course } from '../coordinator/next-work.js';
import { follow } from '../coordinator/run-loop.js';
import type { Session } from '../coordinator/session.js';
import { initialState } from '../coordinator/state.js';
import { metricOf } from '../metrics/metric.js';
import { pow } from '../numbers/elementary.js';
import { runLength } from '../plan/run-length.js';
import { Diverged } from '../worker/session-errors.js';

export interface RangeOptions {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
}

export interface RangePoint {
  /** From 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Loss of the step's batch, before its update. */
  readonly loss: number;
  readonly batchAccuracy: number;
}

export interface RangeRun {
  readonly points: readonly RangePoint[];
  /** Whether the loss diverged before the last rate. */
  readonly diverged: boolean;
}

/** Steps of one command: the test ends soon after the loss has diverged. */
const stepsAtOnce = 8;

/** A loss this many times the lowest one (smoothed) does not recover. */
const hopeless = 4;

/** The rate of each step: the same factor from one to the next. */
export function risingRates({ from, to, steps }: RangeOptions): number[] {
  return Array.from({ length: steps }, (_, i) => from * pow(to / from, i / Math.max(1, steps - 1)));
}

/** The running mean of the losses, and its lowest value; null before the first. */
export type LossTrend = { readonly running: number; readonly least: number } | null;

export function withLoss(trend: LossTrend, loss: number): NonNullable<LossTrend> {
  const running = trend === null ? loss : 0.9 * trend.running + 0.1 * loss;
  return { running, least: Math.min(trend?.least ?? Number.POSITIVE_INFINITY, running) };
}

/** Whether the loss has diverged. */
export const isHopeless = (trend: LossTrend): boolean =>
  trend !== null && trend.running > hopeless * trend.least;

/** One run over all rates, in as many epochs as needed, without evaluations; `isOver` may end it. */
function rangeCourse(
  session: Session,
  config: Config,
  rates: readonly number[],
  isOver: () => boolean,
): Course<'hopeless'> {
  const length = { ...runLength(config, session.plan.parts.train.count), totalSteps: rates.length };
  return {
    length,
    batch: config.train.batch,
    rate: (step) => rates[step],
    order: (begun) => orderOf(session, config, config.seed, length.images, begun),
    atOnce: stepsAtOnce,
    every: 'epoch',
    evaluates: null,
    reportsTraining: false,
    makesFeatures: session.plan.directions !== null,
    tail: null,
    keepsBest: false,
    isClearlyBest: () => false,
    metric: metricOf(session.plan.metric),
    noise: null,
    judge: (state) => ({ state, reason: isOver() ? 'hopeless' : null }),
  };
}

/**
 * Trains from the session's present parameters. `heard` receives every point.
 * @throws as Session.run does, except for divergence.
 */
export async function runRangeTest(
  session: Session,
  config: Config,
  options: RangeOptions,
  heard: (point: RangePoint) => void,
): Promise<RangeRun> {
  const points: RangePoint[] = [];
  let trend: LossTrend = null;
  const course = rangeCourse(session, config, risingRates(options), () => isHopeless(trend));
  try {
    const { reason } = await follow(session, course, initialState(config.seed), {
      step({ step }, { loss, batchAccuracy }, learningRate) {
        // If the test diverged, the last finished steps may have no loss.
        if (!Number.isFinite(loss)) return;
        const point = { step, learningRate, loss, batchAccuracy };
        points.push(point);
        trend = withLoss(trend, loss);
        heard(point);
      },
    });
    return { points, diverged: reason === 'hopeless' };
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    return { points, diverged: true };
  }
}

export interface RangeFinding {
  /** By point. */
  readonly smoothed: readonly number[];
  /**
   * The rate at which the smoothed loss, lower than ever before, falls fastest by the logarithm of the rate; null if it
   * never falls.
   */
  readonly suggested: number | null;
  /** The rate with the lowest smoothed loss. */
  readonly minimum: number;
  /**
   * The first rate beyond the minimum at which half of the fall of the loss is lost again; null: not within the test.
   */
  readonly edge: number | null;
}

/** @throws RangeError for fewer than three points. */
export function analyseRange({ points, diverged }: RangeRun): RangeFinding {
  if (points.length < 3) throw new RangeError(`expected at least three points, got ${points.length}`);
  const smoothed = smooth(points.map(({ loss }) => loss));
  const lowest = smoothed.indexOf(Math.min(...smoothed));
  // Only while the loss is lower than ever: the fall after a peak does not count.
  const falling = smoothed
    .slice(0, lowest + 1)
    .map((loss, i) => (loss <= Math.min(...smoothed.slice(0, i + 1)) ? slopeAt(smoothed, i) : 0));
  const steepest = falling.indexOf(Math.min(...falling));
  const lost = smoothed[lowest] + (smoothed[0] - smoothed[lowest]) / 2;
  const edge = smoothed.findIndex((loss, i) => i > lowest && loss > lost);
  const last = diverged ? (points.at(-1)?.learningRate ?? null) : null;
  return {
    smoothed,
    suggested: falling[steepest] < 0 ? points[steepest].learningRate : null,
    minimum: points[lowest].learningRate,
    edge: edge < 0 ? last : points[edge].learningRate,
  };
}

/**
 * Mean over a tenth of the points around each, nearer ones with more weight (a triangle). The running mean of fast.ai
 * is not used: it lags and so suggests too high a rate.
 */
export function smooth(losses: readonly number[]): number[] {
  const reach = Math.max(1, Math.round(losses.length / 20));
  return losses.map((_, centre) => {
    let sum = 0;
    let weights = 0;
    for (let at = Math.max(0, centre - reach); at <= Math.min(losses.length - 1, centre + reach); at++) {
      const weight = reach + 1 - Math.abs(at - centre);
      sum += weight * losses[at];
      weights += weight;
    }
    return sum / weights;
  });
}

/** Derivative by steps, which are equally spaced in the logarithm of the rate; central except at the ends. */
function slopeAt(values: readonly number[], i: number): number {
  const [before, after] = [Math.max(0, i - 1), Math.min(values.length - 1, i + 1)];
  return (values[after] - values[before]) / (after - before);
}
