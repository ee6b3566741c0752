/**
 * The moment of a disturbance. Most are after a checkpoint that is drawn, so that a machine whose speed changes does not move them
 * to before the first one or after the end; the rest are at any time of a run, its start and its end included.
 */
import { type Reference, stepOf } from './reference.ts';

export interface Moments {
  readonly run: string;
  readonly reference: Reference;
  readonly below: (n: number) => number;
}

/** In 100 moments. */
const afterCheckpoints = 85;
const pollMs = 5;

/** Calls `then` at the moment. Returns what gives it up. */
export function atMoment({ run, reference, below }: Moments, then: () => void): () => void {
  const { usualMs, firstMs, lastStep } = reference;
  if (below(100) >= afterCheckpoints) {
    // Up to a tenth after the usual end.
    const timer = setTimeout(then, below(Math.ceil(usualMs * 1.1)));
    return () => clearTimeout(timer);
  }
  const step = 1 + below(lastStep);
  // About the time between two checkpoints.
  const delay = below(1 + Math.ceil((usualMs - firstMs) / 15));
  let timer = setTimeout(poll, pollMs);
  function poll(): void {
    timer = stepOf(run) >= step ? setTimeout(then, delay) : setTimeout(poll, pollMs);
  }
  return () => clearTimeout(timer);
}
