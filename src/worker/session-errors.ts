/** Errors that end a session. */
import { UserError } from '../user-error.js';

/** A worker threw or exited; `cause` is the root error. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
  readonly rank: number;

  constructor(rank: number, cause: unknown) {
    super(`worker ${rank} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.rank = rank;
  }
}

/** The loss is NaN or infinite. */
export class Diverged extends UserError {}

/** The message for a loss that is NaN or infinite at a step, counted from 1. */
export function nonFiniteLoss(step: number): Diverged {
  return new Diverged(
    `the loss is not finite at step ${step}: the training diverged; lower optimizer.lr, or check model.init.file and the data`,
  );
}
