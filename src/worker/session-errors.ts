/** Errors that end a session. */
import { UserError } from '../user-error.js';
import type { Hang, Place } from './heartbeat.js';

/** A worker threw, exited, hangs or was terminated; `cause` is the root error. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
  readonly rank: number;
  /** Where it was; null outside a session. */
  readonly place: Place | null;

  constructor(rank: number, cause: unknown, place: Place | null = null) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // A refusal is none of this worker.
    super(cause instanceof UserError ? reason : `worker ${rank} failed${words(place)}: ${reason}`, { cause });
    this.rank = rank;
    this.place = place;
  }

  /** Its thread has ended, hangs or was refused by the system; otherwise its code threw. */
  get isGone(): boolean {
    const { cause } = this;
    if (!(cause instanceof Error)) return false;
    const isFull = 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
    return cause instanceof Silence || cause instanceof UserError || isFull || exited.test(cause.message);
  }
}

/** The words of Piscina and of the pool. */
const exited = /^(?:a )?worker exited /;

/** A worker without a sign of life. */
class Silence extends Error {}

/** The failure of a rank that gives no sign of life. */
export function hanging(hang: Hang): WorkerFailure {
  const seconds = (hang.quietMs / 1000).toFixed(1);
  return new WorkerFailure(
    hang.rank,
    new Silence(`it hangs, without a sign of life for ${seconds} s (parallel.heartbeat)`),
    hang,
  );
}

/** Nothing before the first step, as while it starts. */
function words(place: Place | null): string {
  if (place === null || place.step === 0) return '';
  const { step, activity } = place;
  if (activity === 'idle') return ` after step ${step}`;
  return activity === 'evaluate' ? ` in the evaluation after step ${step}` : ` in step ${step} (${activity})`;
}

/** The loss or a weight is NaN or infinite at a step, counted from 1. */
export class Diverged extends UserError {
  readonly step: number;
  readonly what: 'loss' | 'weights';

  constructor(message: string, step: number, what: 'loss' | 'weights') {
    super(message);
    this.step = step;
    this.what = what;
  }
}

const advice = 'the training diverged; lower optimizer.lr, or check model.init.file and the data';

/** A loss that is NaN or infinite. */
export const nonFiniteLoss = (step: number): Diverged =>
  new Diverged(`the loss is not finite at step ${step}: ${advice}`, step, 'loss');

/** Weights that are NaN or infinite after a run's last step, although its loss was finite. */
export const nonFiniteWeights = (step: number): Diverged =>
  new Diverged(`the weights are not finite at step ${step}: ${advice}`, step, 'weights');
