/** When a run ends: target reached, patience exhausted, or no epochs or steps left. */
import type { Config } from '../config/schema.js';
import { isBetter, isReached, type Metric } from '../metrics/metric.js';

export type StopReason = 'target' | 'patience' | 'time' | 'epochs' | 'steps';

export interface StopState {
  /** The best value of the metric so far; null before the first evaluation. */
  readonly best: number | null;
  readonly evaluationsSinceBest: number;
}

export const emptyStop: StopState = { best: null, evaluationsSinceBest: 0 };

/** After an evaluation: whether the run should end, and why; the state for the next evaluation. */
export function judge(
  state: StopState,
  { target, patience, minDelta }: Config['stop'],
  value: number,
  metric: Pick<Metric, 'better'>,
): { readonly state: StopState; readonly reason: 'target' | 'patience' | null } {
  if (target !== null && isReached(metric, value, target)) return { state, reason: 'target' };
  const least = state.best === null ? null : state.best + (metric.better === 'higher' ? minDelta : -minDelta);
  const improved = least === null || isBetter(metric, value, least);
  const next = improved
    ? { best: value, evaluationsSinceBest: 0 }
    : { ...state, evaluationsSinceBest: state.evaluationsSinceBest + 1 };
  const exhausted = patience !== null && next.evaluationsSinceBest >= patience;
  return { state: next, reason: exhausted ? 'patience' : null };
}
