/** When a run ends: target reached, patience exhausted, or no epochs or steps left. */
import type { Config } from '../config/schema.js';

export type StopReason = 'target' | 'patience' | 'epochs' | 'steps';

export interface StopState {
  /** The best accuracy so far; null before the first evaluation. */
  readonly best: number | null;
  readonly evaluationsSinceBest: number;
}

export const emptyStop: StopState = { best: null, evaluationsSinceBest: 0 };

/** After an evaluation: whether the run should end, and why; the state for the next evaluation. */
export function judge(
  state: StopState,
  { target, patience, minDelta }: Config['stop'],
  accuracy: number,
): { readonly state: StopState; readonly reason: 'target' | 'patience' | null } {
  if (target !== null && accuracy >= target) return { state, reason: 'target' };
  const improved = accuracy > (state.best ?? Number.NEGATIVE_INFINITY) + minDelta;
  const next = improved
    ? { best: accuracy, evaluationsSinceBest: 0 }
    : { ...state, evaluationsSinceBest: state.evaluationsSinceBest + 1 };
  const exhausted = patience !== null && next.evaluationsSinceBest >= patience;
  return { state: next, reason: exhausted ? 'patience' : null };
}
